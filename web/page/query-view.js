// The query box and the table of results.

import { byId, element, showError, showText } from './elements.js';
import { EXAMPLES } from './examples.js';
import { formatCount, formatDuration, formatInteger, formatValue, readableName } from './format.js';

/**
 * Wires the query box.
 * @param run `(database, sql)` to a promise of the worker's result.
 * @param onDone called after each query: it may have changed the pool.
 */
export function setUpQueryView(run, onDone) {
  const sql = byId('sql');
  const submit = byId('query-run');

  const runQuery = async () => {
    submit.disabled = true;
    showText(byId('query-error'), '');
    byId('query-summary').textContent = 'Running…';
    try {
      showResult(await run(byId('query-database').value, sql.value));
    } catch (error) {
      byId('results').hidden = true;
      byId('query-summary').textContent = '';
      showError(byId('query-error'), error);
    } finally {
      submit.disabled = false;
    }
    await onDone();
  };

  byId('query-form').addEventListener('submit', (event) => {
    event.preventDefault();
    runQuery();
  });
  sql.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || submit.disabled) return;
    event.preventDefault();
    runQuery();
  });
  sql.value = EXAMPLES[0].sql;
  byId('examples').replaceChildren(
    ...EXAMPLES.map((example) => {
      const chip = element('button', { type: 'button', className: 'chip' }, example.label);
      chip.addEventListener('click', () => {
        sql.value = example.sql;
        if (!submit.disabled) runQuery();
      });
      return chip;
    }),
  );
  return { runQuery };
}

/** Offers the pool's databases, keeping the chosen one when it still exists. */
export function showDatabases(files) {
  const select = byId('query-database');
  const chosen = select.value;
  const names = files.filter((file) => file.kind === 'database').map((file) => file.name);
  select.replaceChildren(
    ...names.map((name) => element('option', { value: name }, readableName(name))),
  );
  if (names.includes(chosen)) select.value = chosen;
  byId('query-run').disabled = names.length === 0;
}

function showResult({ columns, rows, rowCount, changes, milliseconds }) {
  const facts = [];
  if (columns.length > 0) facts.push(formatCount(rowCount, 'row'));
  if (changes > 0) facts.push(`${formatCount(changes, 'row')} changed`);
  if (facts.length === 0) facts.push('Done');
  if (rowCount > rows.length) facts.push(`showing the first ${formatInteger(rows.length)}`);
  byId('query-summary').textContent = `${facts.join(', ')} · ${formatDuration(milliseconds)}`;

  const isNumber = columns.map((_, at) => rows.every((row) => isNumeric(row[at])));
  byId('results-head').replaceChildren(
    element(
      'tr',
      {},
      ...columns.map((name, at) =>
        element('th', { scope: 'col', className: isNumber[at] ? 'number' : '' }, name),
      ),
    ),
  );
  byId('results-body').replaceChildren(
    ...rows.map((row) => element('tr', {}, ...row.map((value, at) => cell(value, isNumber[at])))),
  );
  byId('results').hidden = columns.length === 0;
  byId('results').scrollTo(0, 0);
}

function isNumeric(value) {
  return value === null || typeof value === 'number' || typeof value === 'bigint';
}

function cell(value, alignedAsNumber) {
  const { text, kind } = formatValue(value);
  return element('td', { className: alignedAsNumber ? `${kind} number` : kind }, text);
}
