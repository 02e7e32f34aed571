// What the pool holds: its slots, its files and its quarantine.

import { askName, confirmAction } from './dialog.js';
import { byId, element } from './elements.js';
import { baseName, formatBytes, formatInteger, readableName } from './format.js';

const KIND_NAMES = {
  journal: 'rollback journal',
  wal: 'write-ahead log',
};

/**
 * Wires the buttons of the pool.
 * @param actions the operations, each returning a promise: addSlot, removeSlot, importFile,
 *   importUnicode.
 */
export function setUpPoolView(actions) {
  byId('capacity-add').addEventListener('click', actions.addSlot);
  byId('capacity-remove').addEventListener('click', actions.removeSlot);
  byId('import-unicode').addEventListener('click', actions.importUnicode);
  const input = byId('import-file');
  input.addEventListener('change', async () => {
    const [file] = input.files;
    if (file) await actions.importFile(file);
    // Choosing the same file again would otherwise be no change.
    input.value = '';
  });
}

/** Shows an overview as the worker gives it. `actions`: download, unlink, recover, discard. */
export function showPool(overview, actions) {
  showSlots(overview);
  byId('files').replaceChildren(...overview.files.map((file) => fileItem(file, actions)));
  byId('files-empty').hidden = overview.files.length > 0;
  byId('import-unicode').hidden = overview.files.some(
    (file) => file.name === overview.unicodeDatabase,
  );
  byId('quarantine').hidden = overview.quarantine.length === 0;
  byId('quarantine-list').replaceChildren(
    ...overview.quarantine.map((slot) => quarantineItem(slot, actions)),
  );
}

function showSlots({ capacity, free, files, quarantine }) {
  const slots = [
    ...files.map((file) =>
      element('span', { className: 'slot used', title: readableName(file.name) }),
    ),
    ...quarantine.map(({ slot }) => element('span', { className: 'slot bad', title: slot })),
    ...Array.from({ length: free }, () => element('span', { className: 'slot', title: 'free' })),
  ];
  byId('slots').replaceChildren(...slots);
  const counts = [
    ['Capacity', capacity],
    ['In use', files.length],
    ['Free', free],
    ['Quarantined', quarantine.length],
  ];
  byId('slot-counts').replaceChildren(
    ...counts.map(([term, count]) =>
      element('div', {}, element('dt', {}, term), element('dd', {}, formatInteger(count))),
    ),
  );
}

function fileItem(file, actions) {
  const name = readableName(file.name);
  const size = file.bytes === undefined ? '' : formatBytes(file.bytes);
  const detail = file.problem ?? KIND_NAMES[file.kind] ?? size;
  const item = element(
    'li',
    {},
    element(
      'div',
      { className: 'file-text' },
      element('span', { className: 'file-name', title: file.name }, name),
      element('span', { className: file.problem ? 'file-problem' : 'hint' }, detail),
    ),
  );
  // A journal belongs to its database: deleting or copying it alone would damage that.
  if (!(file.kind in KIND_NAMES)) {
    item.append(
      button('Download', `Download ${name}`, () =>
        actions.download(file.name, baseName(file.name)),
      ),
      button('Delete', `Delete ${name}`, async () => {
        const sure = await confirmAction(`Delete ${name} for good?`, 'Delete');
        if (sure) await actions.unlink(file.name);
      }),
    );
  }
  return item;
}

function quarantineItem({ slot, name, reason, bytes }, actions) {
  const claimed = name === '' ? 'name unreadable' : readableName(name);
  return element(
    'li',
    {},
    element(
      'div',
      { className: 'file-text' },
      element('span', { className: 'file-name', title: slot }, claimed),
      element('span', { className: 'file-problem' }, `${formatBytes(bytes)}; ${reason}`),
    ),
    button('Recover', `Recover ${claimed}`, async () => {
      const chosen = await askName(`Recover slot ${slot} as a file:`, 'Recover', name);
      if (chosen !== undefined) await actions.recover(slot, chosen);
    }),
    button('Discard', `Discard ${claimed}`, async () => {
      const sure = await confirmAction(`Delete the bytes of slot ${slot} for good?`, 'Discard');
      if (sure) await actions.discard(slot);
    }),
  );
}

function button(text, label, onClick) {
  const made = element('button', { type: 'button', className: 'small' }, text);
  made.setAttribute('aria-label', label);
  made.addEventListener('click', onClick);
  return made;
}
