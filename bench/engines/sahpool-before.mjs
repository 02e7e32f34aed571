// The package as it was before a change: what bench/run --before has put there.
import { attach } from '/build/bench/before/index.js';
import { loadWith } from './sahpool-engine.mjs';

export const load = () => loadWith(attach);
export { start } from './sahpool-engine.mjs';
