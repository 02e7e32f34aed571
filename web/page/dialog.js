// Questions to the user.

import { byId } from './elements.js';

/** Asks for confirmation; resolves to true or false. */
export async function confirmAction(text, action) {
  byId('dialog-field').hidden = true;
  byId('dialog-input').required = false;
  return (await ask(text, action)) === 'confirm';
}

/** Asks for a name; resolves to it, or to undefined when the user cancels. */
export async function askName(text, action, suggestion) {
  byId('dialog-field').hidden = false;
  byId('dialog-input').required = true;
  byId('dialog-input').value = suggestion;
  return (await ask(text, action)) === 'confirm' ? byId('dialog-input').value : undefined;
}

function ask(text, action) {
  const dialog = byId('dialog');
  byId('dialog-text').textContent = text;
  byId('dialog-confirm').textContent = action;
  // Escape closes without a value and would leave that of the last time.
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
  });
}
