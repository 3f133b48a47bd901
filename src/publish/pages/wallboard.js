// The board: shows what the stream sends, and says so when it sends nothing.
import { STATES, clockTime, followTheme, joined, listed, make, parameters, replace, say, shape, span, words } from './common.js';

/** Without a word for so many seconds the connection is taken for lost; the server speaks at least every 5. */
const SILENT = 15;
/** After a refusal it is tried again in so many seconds. */
const AGAIN = 5;
/** Data older than so many seconds is called old. */
const STALE = Number(parameters.get('stale')) || 300;
const ROTATE = Number(parameters.get('rotate')) || 0;
const TEAMS = listed('team');
const QUEUES = listed('queue');
const KINDS = { company: 'Company', team: 'Teams', queue: 'Queues', department: 'Departments' };

const find = (id) => document.getElementById(id);
const seconds = () => performance.now() / 1000;

let frame = null;
/** When the last frame came; when the page began, before any did. */
let heard = seconds();
let lost = false;
/** What was drawn last, piece by piece: only what has changed is drawn again. */
const drawn = new Map();
const told = { alerts: null, banners: '' };

function connect() {
  const source = new EventSource('/api/v1/live');
  source.onmessage = (message) => {
    const before = frame?.version;
    frame = JSON.parse(message.data);
    if (before && before !== frame.version) location.reload();
    heard = seconds();
    lost = false;
    show();
  };
  source.onerror = () => {
    lost = true;
    show();
    // The browser itself tries again unless it was refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN * 1000);
  };
}

function show() {
  showBanners();
  if (!frame) return;
  const board = frame.board;
  document.body.classList.toggle('doubtful', lost || Boolean(frame.waits_for) || age() > STALE);
  if (!board) return;
  // The company's name is there already.
  const tiles = board.tiles.filter((tile) => isWanted(tile) && (tile.kind !== 'company' || tile.figures.length));
  const alerts = board.alerts.filter((alert) => isWantedAlert(alert, tiles));
  piece('company', board.company, () => [board.company]);
  showClock(board);
  showSummary(tiles);
  showTiles(board, tiles);
  showAlerts(board, alerts);
  const firing = alerts.filter((alert) => alert.state === 'firing').length;
  document.title = `${firing ? `${firing} ${firing === 1 ? 'alert' : 'alerts'} – ` : ''}${board.company} – Goalkeeper`;
}

/** Draws a piece of the page if what it shows has changed. */
function piece(id, what, children) {
  const text = JSON.stringify(what);
  if (drawn.get(id) === text) return;
  drawn.set(id, text);
  replace(find(id), ...children());
}

/** How old the data is by now, in seconds. */
const age = () => (frame.age ?? 0) + seconds() - heard;

function banners() {
  const silent = seconds() - heard;
  if (lost || silent > SILENT) {
    if (!frame) return [['bad', 'No connection', `Goalkeeper has not answered for ${span(silent)}. Trying again.`]];
    const time = frame.board?.time;
    const of = time ? ` What is below is of ${clockTime(time)}.` : '';
    return [['bad', 'Connection lost', `Nothing has been heard of goalkeeper for ${span(silent)}.${of}`]];
  }
  if (!frame) return [['calm', 'Connecting', '']];
  const board = frame.board;
  const reached = board?.reached ? `Events are read up to ${board.reached.slice(0, 10)} ${clockTime(board.reached)}. ` : '';
  if (frame.waits_for && !board?.complete) return [['calm', 'Catching up', `${reached}${sentence(frame.waits_for)}`]];
  if (frame.waits_for) return [['bad', 'Not up to date', `${reached}${sentence(frame.waits_for)}`]];
  if (frame.age === null) return [['calm', 'No event yet', 'Everything in Kafka is read, and there was nothing to count.']];
  if (age() > STALE) {
    const what = `No new event for ${span(age())}: figures stand at ${clockTime(board.reached)}.`;
    return [['risk', 'Data is old', `${what} Does what sends events still run?`]];
  }
  return [];
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function showBanners() {
  const shown = banners();
  const looks = { bad: 'missed', risk: 'at_risk', calm: 'pending' };
  piece('banners', shown, () =>
    shown.map(([look, title, text]) => make('p', { class: `banner ${look}` }, shape(looks[look]), make('strong', {}, title), ` ${joined(text)}`)));
  // The age grows each second; that is not said each second.
  const titles = shown.map(([, title]) => title).join('. ');
  if (titles !== told.banners && titles !== 'Connecting') say(titles || 'Figures are up to date again.');
  told.banners = titles;
}

function isWanted(tile) {
  if (!TEAMS.length && !QUEUES.length) return true;
  if (tile.kind === 'team') return TEAMS.includes(tile.id);
  if (tile.kind !== 'queue') return false;
  return QUEUES.length ? QUEUES.includes(tile.id) : TEAMS.includes(tile.team);
}

function isWantedAlert(alert, tiles) {
  const isOfTile = tiles.some((tile) => tile.kind === alert.scope_kind && tile.id === alert.scope);
  return (!TEAMS.length && !QUEUES.length) || isOfTile || ['company', 'department'].includes(alert.scope_kind);
}

function showClock(board) {
  if (!board.time) return;
  const fresh = `data ${span(age())} old`;
  piece('clock', [board.time.slice(0, 16), fresh], () => [
    make('span', { class: 'unseen' }, 'As of '),
    make('time', { datetime: board.time }, clockTime(board.time)),
    make('span', { class: 'day' }, `${board.time.slice(0, 10)}, ${fresh}`),
  ]);
}

function showSummary(tiles) {
  const counts = new Map();
  for (const figure of tiles.flatMap((tile) => tile.figures).filter((figure) => figure.state)) {
    counts.set(figure.state, (counts.get(figure.state) ?? 0) + 1);
  }
  const said = Object.keys(STATES).filter((state) => counts.has(state) && STATES[state].look !== 'calm');
  piece('summary', said.map((state) => [state, counts.get(state)]), () =>
    said.map((state) =>
      make('span', { class: `chip ${STATES[state].look}` }, shape(state), `${counts.get(state)} ${STATES[state].word.toLowerCase()} `)));
}

function showTiles(board, tiles) {
  const kinds = Object.keys(KINDS).filter((kind) => tiles.some((tile) => tile.kind === kind));
  const unknown = [...TEAMS.map((id) => ['team', id]), ...QUEUES.map((id) => ['queue', id])]
    .filter(([kind, id]) => !board.tiles.some((tile) => tile.kind === kind && tile.id === id));
  const notes = {
    targets: board.targets === 0,
    roster: !board.tiles.some((tile) => tile.kind === 'team' || tile.kind === 'queue'),
    hidden: board.hidden_tiles,
    unknown,
  };
  // The frame of all tiles; each is filled by itself.
  piece('boards', [notes, tiles.map((tile) => [tile.kind, tile.id])], () => {
    for (const tile of tiles) drawn.delete(tileId(tile));
    return [
      ...noteElements(notes),
      ...kinds.map((kind) =>
        make('section', { 'aria-labelledby': `kind-${kind}`, class: `kind ${kind}` },
          // The company's name stands above everything.
          make('h2', { id: `kind-${kind}`, class: kind === 'company' && 'unseen' }, KINDS[kind]),
          make('div', { class: 'tiles' },
            ...tiles.filter((tile) => tile.kind === kind).map((tile) => make('article', { id: tileId(tile), class: 'tile' }))))),
    ];
  });
  for (const tile of tiles) {
    piece(tileId(tile), tile, () => tileElements(tile));
    find(tileId(tile)).className = `tile ${worst(tile)}`;
  }
}

const tileId = (tile) => `tile-${tile.kind}-${tile.id}`;

/** The look of the most urgent of a tile's states. */
function worst(tile) {
  const looks = tile.figures.map((figure) => STATES[figure.state]?.look);
  return ['bad', 'risk', 'good'].find((look) => looks.includes(look)) ?? '';
}

function noteElements(notes) {
  const note = (title, ...rest) => make('div', { class: 'note' }, make('h2', {}, title), make('p', {}, ...rest));
  const link = (href, text) => make('a', { href }, text);
  return [
    notes.targets && note('No targets are set', 'Figures are shown, and nothing says whether they are good. ',
      link('/pages/targets.yaml', 'How to set targets'), '; then name the file in goalkeeper.yaml: ', make('code', {}, 'targets: targets.yaml'), '.'),
    notes.roster && note('No teams or queues yet', 'The roster lists none, and no event has named any. ',
      link('/pages/roster.yaml', 'How to write a roster'), '.'),
    notes.hidden > 0 && note(`${notes.hidden} more are not shown`, 'Pick some by ', make('code', {}, '?team=ID,ID'), ' or ', make('code', {}, '?queue=ID,ID'), '.'),
    ...notes.unknown.map(([kind, id]) => note(`There is no ${kind} ${id}`, 'Neither the roster nor any event has it. Correct the address of this page.')),
  ].filter(Boolean);
}

function tileElements(tile) {
  const name = `${tile.kind}/${tile.id}`;
  return [
    make('h3', { class: tile.kind === 'company' && 'unseen' }, tile.id),
    tile.figures.length === 0
      ? make('p', { class: 'nothing' }, 'No figures yet')
      : make('ul', { class: 'figures' }, ...tile.figures.map((figure) => figureElement(name, figure))),
  ];
}

function figureElement(name, figure) {
  const state = STATES[figure.state];
  const query = new URLSearchParams({ scope: name, measure: figure.measure, window: figure.window });
  const pace = figure.projection ? `; ${figure.projection} at this pace` : '';
  const [number, unit] = figure.text ? figure.text.split(' ') : ['–', ''];
  return make('li', { class: `figure ${state?.look ?? 'plain'}` },
    make('a', { href: `/figures?${query}`, 'data-key': query.toString() },
      make('span', { class: 'label' }, (figure.label ?? words(figure.measure)) + (figure.where ? ` (${figure.where})` : '')),
      make('span', { class: 'value' }, number, unit ? make('span', { class: 'unit' }, ` ${unit}`) : null)),
    state ? make('span', { class: 'state' }, shape(figure.state), ` ${state.word}`) : null,
    make('span', { class: 'bound' }, joined(figure.bound ? `${figure.bound} ${figure.when}${pace}` : figure.when)));
}

function showAlerts(board, alerts) {
  const now = Date.parse(board.time);
  const shown = alerts.map((alert) => [alert, span((now - Date.parse(alert.since)) / 1000)]);
  // While figures are not whole, nothing is known of alerts either.
  const none = board.complete ? [shape('met'), ' No open alerts'] : [shape('pending'), ' Not known yet'];
  piece('alert-list', [shown, board.hidden_alerts, board.complete], () => [
    ...(shown.length ? shown.map(alertElement) : [make('li', { class: 'none' }, ...none)]),
    ...(board.hidden_alerts ? [make('li', { class: 'none' }, `${board.hidden_alerts} more at /api/v1/alerts`)] : []),
  ]);
  tellAlerts(alerts);
}

/** A sentence with the measure's name, which it begins with, as people say it. */
const plain = (text) => text.replace(/^\S+/, words);

const ALERT_WORDS = { firing: { info: 'Note', warning: 'Warning', critical: 'Critical' }, pending: 'About to be told', resolved: 'Over' };

function alertElement([alert, since]) {
  const look = alert.state !== 'firing' ? 'calm' : alert.severity === 'critical' ? 'bad' : 'risk';
  const word = alert.state === 'firing' ? ALERT_WORDS.firing[alert.severity] : ALERT_WORDS[alert.state];
  const icon = alert.state === 'resolved' ? 'met' : look === 'bad' ? 'missed' : look === 'risk' ? 'at_risk' : 'pending';
  const runbook = /^https?:\/\//.test(alert.runbook ?? '') ? make('a', { href: alert.runbook, rel: 'noreferrer', 'data-key': alert.runbook }, 'what to do') : null;
  return make('li', { class: `alert ${look}` },
    make('p', { class: 'what' }, shape(icon), make('strong', {}, ` ${word}`), ` · ${alert.scope_kind} ${alert.scope}`),
    make('p', { class: 'title' }, joined(alert.title)),
    alert.state === 'resolved' ? null : make('p', {}, joined(sentence(plain(alert.sentence)))),
    make('p', { class: 'since' }, `for ${since}`, alert.owner ? ` · ${alert.owner}` : '', runbook ? ' · ' : null, runbook));
}

/** Says which alerts have come and gone since the last time. */
function tellAlerts(alerts) {
  const firing = new Map(alerts.filter((alert) => alert.state === 'firing').map((alert) => [`${alert.target} ${alert.scope_kind} ${alert.scope}`, alert]));
  const before = told.alerts;
  told.alerts = firing;
  if (!before) {
    if (firing.size) say(`${firing.size} open ${firing.size === 1 ? 'alert' : 'alerts'}.`);
    return;
  }
  const come = [...firing].filter(([key]) => !before.has(key)).map(([, alert]) => `Alert: ${plain(alert.sentence)}.`);
  const gone = [...before].filter(([key]) => !firing.has(key)).map(([, alert]) => `Over: ${alert.title}, ${alert.scope_kind} ${alert.scope}.`);
  if (come.length || gone.length) say([...come, ...gone].join(' '));
}

/** Shows what does not fit on the screen, a screenful at a time; not while somebody is at it. */
function rotate() {
  document.body.classList.add('rotating');
  const boards = find('boards');
  const pause = find('pause');
  let paused = false;
  pause.hidden = false;
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.textContent = paused ? 'Go on' : 'Pause';
  });
  setInterval(() => {
    if (paused || boards.matches(':hover') || boards.contains(document.activeElement)) return;
    const bottom = boards.getBoundingClientRect().bottom;
    const next = [...boards.querySelectorAll('.tile')].find((tile) => tile.getBoundingClientRect().bottom > bottom + 1);
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth';
    const top = next ? boards.scrollTop + next.getBoundingClientRect().top - boards.getBoundingClientRect().top : 0;
    // A tile that is taller than the screen must not hold it up.
    boards.scrollTo({ top: next && top <= boards.scrollTop ? boards.scrollTop + boards.clientHeight : top, behavior });
  }, ROTATE * 1000);
}

followTheme();
showBanners();
connect();
setInterval(show, 1000);
if (ROTATE > 0) rotate();
