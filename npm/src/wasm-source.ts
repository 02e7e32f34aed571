// From what the user gave as the side module to a compiled one.

import { SideModuleError } from './errors.js';
import { exceptionText } from './exception-text.js';
import type { AttachOptions } from './types.js';

/** Node.js, which doesn't fetch files. */
interface NodeProcess {
  getBuiltinModule?(name: 'fs'): { readFileSync(url: URL): BufferSource };
}

async function bytesAt(url: URL | string): Promise<{ bytes: BufferSource; type: string | null }> {
  const { process } = globalThis as { process?: NodeProcess };
  const fs = String(url).startsWith('file:') ? process?.getBuiltinModule?.('fs') : undefined;
  if (fs) return { bytes: fs.readFileSync(new URL(url)), type: 'file' };
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return { bytes: await response.arrayBuffer(), type: response.headers.get('content-type') };
}

async function compileFetched(url: URL | string): Promise<WebAssembly.Module> {
  let source;
  try {
    source = await bytesAt(url);
  } catch (cause) {
    throw new SideModuleError(`${String(url)} can't be fetched: ${exceptionText(cause)}`, {
      cause,
    });
  }
  try {
    // Not compileStreaming(), which insists on a MIME type that not every server gives.
    return await WebAssembly.compile(source.bytes);
  } catch (cause) {
    throw new SideModuleError(
      `${String(url)} can't be compiled as WebAssembly (its content type: ${source.type})`,
      { cause },
    );
  }
}

/** Compiles `source`, by default the `sahpool.wasm` beside this file. */
export async function compileSideModule(
  source: AttachOptions['wasm'],
): Promise<WebAssembly.Module> {
  if (source === undefined) return compileFetched(new URL('./sahpool.wasm', import.meta.url));
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === 'string' || source instanceof URL) return compileFetched(source);
  const given: unknown = source;
  if (!(given instanceof ArrayBuffer) && !ArrayBuffer.isView(given)) {
    throw new TypeError('option "wasm" must be a URL, bytes or a WebAssembly.Module');
  }
  try {
    return await WebAssembly.compile(source);
  } catch (cause) {
    throw new SideModuleError("the bytes in option wasm can't be compiled as WebAssembly", {
      cause,
    });
  }
}
