// Small helpers to write HTML.

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text) {
  return String(text).replace(/[&<>"]/g, (character) => entities[character]);
}

/** A table; cells are texts, or {text, class}. */
export function htmlTable(head, rows) {
  const cell = (tag) => (content) => {
    const { text, class: className } = typeof content === 'object' ? content : { text: content };
    return `<${tag}${className ? ` class="${className}"` : ''}>${escapeHtml(text)}</${tag}>`;
  };
  const line = (tag) => (cells) => `<tr>${cells.map(cell(tag)).join('')}</tr>`;
  return `<table><thead>${line('th')(head)}</thead><tbody>${rows.map(line('td')).join('\n')}</tbody></table>`;
}
