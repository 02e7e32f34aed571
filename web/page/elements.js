// Small helpers around the DOM.

export function byId(id) {
  return document.getElementById(id);
}

/** Makes an element with properties and children (elements or text). */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Shows a text in an element that is hidden while there is none. */
export function showText(target, text) {
  target.textContent = text;
  target.hidden = text === '';
}

export function showError(target, error) {
  showText(target, `${error.name}: ${error.message}`);
}
