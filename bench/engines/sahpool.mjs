// This project's package.
import { attach } from '/npm/dist/index.js';
import { loadWith } from './sahpool-engine.mjs';

export const load = () => loadWith(attach);
export { start } from './sahpool-engine.mjs';
