// The page of figures: one figure, what it means, how it came about, and the records behind it.
import { dayAndTime, draw, followTheme, make, parameters, replace, say, setParameter, valueText, words } from './common.js';

const find = (id) => document.getElementById(id);
const KINDS = ['company', 'department', 'team', 'queue', 'rep'];
const WINDOWS = ['15m', '1h', '7d', '30d', 'quarter_hour', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const DAY = 86400;
/** Which windows the history of a window is drawn of, and how far back. */
const HISTORIES = [
  { fits: /^(\d+m|quarter_hour)$/, window: 'quarter_hour', back: DAY / 2, word: 'quarter of an hour' },
  { fits: /^(1h|hour)$/, window: 'hour', back: 2 * DAY, word: 'hour' },
  { fits: /^(\d+h|\d+d|day)$/, window: 'day', back: 35 * DAY, word: 'day' },
  { fits: /^week$/, window: 'week', back: 26 * 7 * DAY, word: 'week' },
  { fits: /./, window: 'month', back: 730 * DAY, word: 'month' },
];

let choices = null;
/** Answers to earlier questions come late and are not shown. */
let asked = 0;

class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function get(path, query) {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`);
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  let said = text.trim();
  try { said = JSON.parse(text).error ?? said; } catch { /* It is said as it came. */ }
  throw new Refused(response.status, typeof said === 'string' ? said : JSON.stringify(said));
}

function banner(look, title, text) {
  replace(find('banners'), ...(title ? [make('p', { class: `banner ${look}` }, make('strong', {}, title), ` ${text}`)] : []));
  if (title) say(`${title}. ${text}`);
}

function fill(select, values, wanted, text = (value) => value) {
  select.replaceChildren(...values.map((value) => make('option', { value }, text(value))));
  if (values.includes(wanted)) select.value = wanted;
}

const idsOf = (kind) => choices.scopes.filter((scope) => scope.startsWith(`${kind}/`)).map((scope) => scope.slice(kind.length + 1));

/** Offers what there is of the kind that is chosen. */
function offer(scope, measure) {
  const kind = find('kind').value;
  fill(find('scope'), idsOf(kind), scope);
  fill(find('measure'), choices.measures.filter((each) => each.kinds.includes(kind)).map((each) => each.name), measure, words);
}

async function begin() {
  choices = await get('/pages/choices.json', {});
  const kinds = KINDS.filter((kind) => choices.scopes.some((scope) => scope.startsWith(`${kind}/`)));
  if (kinds.length === 0) {
    banner('', 'There are no figures yet', 'Goalkeeper has only just begun. Load this page again in a moment.');
    return;
  }
  const [kind, ...id] = (parameters.get('scope') ?? 'team').split('/');
  fill(find('kind'), kinds, kinds.includes(kind) ? kind : kinds[0], words);
  offer(id.join('/'), parameters.get('measure') ?? 'service_level');
  const windows = [...new Set([...choices.windows, ...WINDOWS, parameters.get('window')].filter(Boolean))];
  fill(find('window'), windows, parameters.get('window') ?? choices.windows[0]);
  find('at').value = parameters.get('at') ?? '';
  find('part').value = parameters.get('where') ?? '';
  await show();
}

function question() {
  const [at, part] = ['at', 'part'].map((name) => find(name).value.trim());
  const scope = `${find('kind').value}/${find('scope').value}`;
  return { scope, measure: find('measure').value, window: find('window').value, ...(at && { at }), ...(part && { where: part }) };
}

async function show() {
  const number = ++asked;
  const query = question();
  for (const name of ['scope', 'where', 'measure', 'window', 'at']) setParameter(name, query[name]);
  document.title = `${words(query.measure)} of ${whose(query)} – Goalkeeper`;
  showDefinition(chosen(query));
  for (const id of ['value', 'evidence', 'history-note', 'chart', 'history-table']) find(id).replaceChildren();
  clearFacts('');
  try {
    const answer = await get('/api/v1/figures', query);
    if (number !== asked) return;
    banner();
    showFigure(query, answer);
    await Promise.all([showHistory(number, query, answer), showFacts(number, query)]);
  } catch (problem) {
    if (number !== asked) return;
    banner(problem.status === 503 ? '' : 'bad', problem.status === 503 ? 'Not ready' : 'No answer', problem.message);
  }
}

const entries = (pairs) => pairs.flatMap(([name, text]) => [make('dt', {}, name), make('dd', {}, text)]);

const whose = (query) => query.scope + (query.where ? ` (${query.where})` : '');

function showDefinition(measure) {
  replace(find('definition'), ...entries([
    ['Meaning', measure.meaning], ['Formula', measure.formula], ['Counts for', measure.side], ['Counts at', measure.instant],
    ['Edges', measure.edges], ['Source', measure.source], ['Name', measure.name],
  ]));
}

const chosen = (query) => choices.measures.find((measure) => measure.name === query.measure);

/** How many things were looked at, or how much time. */
const sampleText = (query, row) => (chosen(query).of_time ? valueText(row.sample, 'seconds') : String(row.sample));

function showFigure(query, answer) {
  const row = answer.rows.at(-1);
  find('figure-title').textContent = `${words(query.measure)} of ${whose(query)}`;
  find('value').textContent = row ? valueText(row.value, row.unit) : 'no data';
  if (!row) return;
  const isOfTime = chosen(query).of_time;
  const number = (value, isTime) => (value === null ? 'none' : isTime ? `${value} s` : String(value));
  replace(find('evidence'), ...entries([
    ['Window', `${dayAndTime(row.start)} to ${dayAndTime(row.end)}`],
    ['Numerator', number(row.numerator, row.unit === 'seconds' || (isOfTime && row.unit === 'ratio'))],
    ...(row.denominator === null ? [] : [['Denominator', number(row.denominator, isOfTime)]]),
    ['Looked at', sampleText(query, row)],
    ['As of', `${answer.time.slice(0, 19).replace('T', ' ')} UTC`],
  ]));
  say(`${words(query.measure)} of ${whose(query)}: ${find('value').textContent}`);
}

async function showHistory(number, query, answer) {
  const { window, back, word } = HISTORIES.find((history) => history.fits.test(query.window));
  const { at, ...whatever } = query;
  const to = at ?? new Date(Date.parse(answer.time) + 1).toISOString();
  const from = new Date(Date.parse(to) - back * 1000).toISOString();
  try {
    const history = await get('/api/v1/figures', { ...whatever, window, from, to });
    if (number !== asked) return;
    const known = history.rows.findIndex((row) => row.value !== null && row.sample !== 0);
    const rows = known < 0 ? [] : history.rows.slice(known);
    find('history-note').textContent = rows.length ? `By ${word}, the latest one until now.` : 'There is no history yet.';
    if (!rows.length) return;
    replace(find('chart'), chart(rows, `${words(query.measure)} of ${whose(query)} by ${word}`));
    table(find('history-table'), [word.charAt(0).toUpperCase() + word.slice(1), '#Value', '#Looked at'],
      [...rows].reverse().map((row) => [dayAndTime(row.start), valueText(row.value, row.unit), sampleText(query, row)]));
  } catch (problem) {
    if (number === asked) find('history-note').textContent = `No history: ${problem.message}`;
  }
}

/** A table; columns of numbers begin with #. */
function table(element, columns, rows) {
  const cell = (tag, text, column) => make(tag, { class: column.startsWith('#') && 'number', ...(tag === 'th' && { scope: 'col' }) }, String(text));
  element.replaceChildren(
    make('thead', {}, make('tr', {}, ...columns.map((column) => cell('th', column.replace('#', ''), column)))),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row.map((text, n) => cell('td', text ?? '', columns[n]))))));
}

/** Counts are bars, all else is a line that breaks where there is no value. */
function chart(rows, title) {
  // As wide as there is room, so that the texts are as large as all others.
  const [width, height, left, bottom, top] = [Math.max(280, find('chart').clientWidth), 300, 80, 34, 14];
  const unit = rows[0].unit;
  const values = rows.map((row) => row.value).filter((value) => value !== null);
  const [low, high] = [Math.min(0, ...values), Math.max(...values, unit === 'ratio' ? 0.01 : 1)];
  const y = (value) => top + (height - top - bottom) * (1 - (value - low) / (high - low));
  const step = (width - left) / rows.length;
  const x = (n) => left + step * (n + 0.5);
  const drawing = draw('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${title}. The table beside it has the values.` });
  for (const value of [low, (low + high) / 2, high]) {
    drawing.append(draw('line', { class: 'axis', x1: left, x2: width, y1: y(value), y2: y(value) }),
      draw('text', { x: left - 8, y: y(value) + 5, 'text-anchor': 'end' }, valueText(value, unit)));
  }
  const isWithinADay = rows[0].start.slice(0, 10) === rows.at(-1).start.slice(0, 10);
  const middle = width < 560 ? [] : [Math.floor(rows.length / 2)];
  for (const n of new Set([0, ...middle, rows.length - 1])) {
    const anchor = n === 0 ? 'start' : n === rows.length - 1 ? 'end' : 'middle';
    const at = n === 0 ? left : n === rows.length - 1 ? width : x(n);
    const time = rows[n].start;
    const text = isWithinADay ? time.slice(11, 16) : time.slice(11, 16) === '00:00' ? time.slice(0, 10) : dayAndTime(time).slice(5);
    drawing.append(draw('text', { x: at, y: height - 8, 'text-anchor': anchor }, text));
  }
  if (unit === 'count') {
    rows.forEach((row, n) => {
      if (row.value) drawing.append(draw('rect', { class: 'bar', x: x(n) - step * 0.4, width: step * 0.8, y: y(row.value), height: y(0) - y(row.value) }));
    });
    return drawing;
  }
  let path = '';
  rows.forEach((row, n) => {
    if (row.value === null) return;
    path += `${n > 0 && rows[n - 1].value !== null ? 'L' : 'M'}${x(n).toFixed(1)} ${y(row.value).toFixed(1)}`;
    drawing.append(draw('circle', { class: 'point', cx: x(n), cy: y(row.value), r: 3.5 }));
  });
  drawing.append(draw('path', { class: 'line', d: path }));
  return drawing;
}

function clearFacts(note) {
  find('facts-table').replaceChildren();
  find('facts-note').textContent = note;
  find('more').hidden = true;
}

let facts = [];
let cursor = null;

async function showFacts(number, query) {
  facts = [];
  cursor = null;
  await moreFacts(number, query);
}

async function moreFacts(number, query) {
  try {
    const answer = await get('/api/v1/facts', { ...query, ...(cursor && { cursor }) });
    if (number !== asked) return;
    facts.push(...answer.facts);
    cursor = answer.cursor;
    const from = answer.complete_from ? ` Records before ${answer.complete_from} are no longer kept.` : '';
    find('facts-note').textContent = `${facts.length}${cursor ? ' and more' : ''} ${facts.length === 1 ? 'record' : 'records'}.${from}`;
    table(find('facts-table'), ['Kind', 'Id', 'Of', 'At', '#Numerator', '#Denominator'],
      facts.map((fact) => [fact.kind, fact.id, fact.namespace, fact.at.slice(0, 23).replace('T', ' '), fact.numerator, fact.denominator]));
    find('more').hidden = !cursor;
  } catch (problem) {
    if (number !== asked) return;
    clearFacts(problem.status === 404 ? 'This goalkeeper does not tell the records behind a figure.' : `No records: ${problem.message}`);
  }
}

followTheme();
find('kind').addEventListener('change', () => offer(find('scope').value, find('measure').value));
find('question').addEventListener('submit', (event) => {
  event.preventDefault();
  show();
});
find('more').addEventListener('click', () => moreFacts(asked, question()));
begin().catch((problem) => banner('bad', 'No answer', problem.message));
