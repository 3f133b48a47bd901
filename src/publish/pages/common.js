// What both pages need: making elements, words for what programs name, the theme.

/** An element with attributes and children; texts stay texts. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An element of a drawing. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Each state has a word and a shape of its own: colour alone tells nobody who cannot see it. */
export const STATES = {
  missed: { word: 'Missed', look: 'bad', path: 'M3 3h18v18H3z M8 8l8 8M16 8l-8 8' },
  at_risk: { word: 'At risk', look: 'risk', path: 'M12 2l10.5 19h-21z M12 9v5M12 17v.6' },
  on_track: { word: 'On track', look: 'good', path: 'M12 2a10 10 0 100 20 10 10 0 000-20z M7 12h9M12.5 8l4 4-4 4' },
  met: { word: 'Met', look: 'good', path: 'M12 2a10 10 0 100 20 10 10 0 000-20z M7 12.5l3.5 3.5L17 9' },
  undetermined: { word: 'Undecided', look: 'calm', path: 'M12 2l10 10-10 10L2 12z M9 12h6' },
  no_data: { word: 'No data', look: 'calm', path: 'M3 12h18' },
  pending: { word: 'Not begun', look: 'calm', path: 'M12 2a10 10 0 100 20 10 10 0 000-20z M12 7v5l3 3' },
  expired: { word: 'Over', look: 'calm', path: 'M5 4h14v16H5z' },
};

export function shape(state) {
  const [outer, inner] = STATES[state].path.split(' M');
  const drawing = draw('svg', { viewBox: '0 0 24 24', class: 'shape', 'aria-hidden': 'true', focusable: 'false' });
  drawing.append(draw('path', { d: outer, class: 'outer' }));
  if (inner) drawing.append(draw('path', { d: `M${inner}`, class: 'inner' }));
  return drawing;
}

const NAMES = { asa: 'Speed of answer', nps: 'NPS', csat: 'CSAT', csat_score_mean: 'CSAT score, mean' };

/** The name of a measure or kind, as people say it. */
export function words(name) {
  const text = NAMES[name] ?? name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A text whose numbers stay with their units at the end of a line. */
export const joined = (text) => text.replace(/(\d) (%|s|min|h|d|points)(?![a-z])/g, '$1\u00a0$2');

/** A span of seconds in one unit. */
export function span(seconds) {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

/** A value in its unit, as the server writes it too. */
export function valueText(value, unit) {
  const short = (number, parts = 10) => String(Math.round(number * parts) / parts);
  if (value === null) return 'no data';
  if (unit === 'ratio') return `${short(value * 100)} %`;
  if (unit === 'points') return `${short(value)} points`;
  if (unit === 'per_thousand') return `${short(value, 100)} per 1,000`;
  if (unit === 'per_hour') return `${short(value)} per hour`;
  if (unit === 'number') return short(value, 100);
  if (unit !== 'seconds') return short(value);
  if (value < 120) return `${short(value)} s`;
  if (value < 7200) return `${short(value / 60)} min`;
  if (value < 172800) return `${short(value / 3600)} h`;
  return `${short(value / 86400)} d`;
}

/** A time with its zone, shown as the clock there shows it. */
export const clockTime = (time) => time.slice(11, 16);
export const dayAndTime = (time) => `${time.slice(0, 10)} ${time.slice(11, 16)}`;

export const parameters = new URLSearchParams(location.search);
export const listed = (name) => parameters.getAll(name).flatMap((text) => text.split(',')).filter((text) => text !== '');

/** Changes a parameter of the address, so that what is set can be kept as a bookmark. */
export function setParameter(name, value) {
  if (value) parameters.set(name, value);
  else parameters.delete(name);
  const query = parameters.toString();
  history.replaceState(null, '', query ? `?${query}` : location.pathname);
}

/** Follows `?theme=`, else what the system prefers. */
export function followTheme() {
  const button = document.getElementById('theme');
  const prefersLight = matchMedia('(prefers-color-scheme: light)');
  const show = () => {
    const asked = parameters.get('theme');
    const theme = asked === 'light' || asked === 'dark' ? asked : prefersLight.matches ? 'light' : 'dark';
    document.documentElement.dataset.theme = theme;
    button.textContent = theme === 'light' ? 'Dark' : 'Light';
  };
  button.addEventListener('click', () => {
    setParameter('theme', document.documentElement.dataset.theme === 'light' ? 'dark' : 'light');
    show();
  });
  prefersLight.addEventListener('change', show);
  show();
}

/** Says something to those who listen instead of looking. */
export function say(text) {
  document.getElementById('said').textContent = text;
}

/** Puts the children in the place of those before, and the focus back where it was. */
export function replace(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  parent.replaceChildren(...children);
  if (focused) parent.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
