// From what the user gave as the side module to a compiled one.

import { SideModuleError } from './errors.js';
import type { AttachOptions } from './types.js';

async function compileFetched(url: URL | string): Promise<WebAssembly.Module> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new SideModuleError(`${String(url)} can't be fetched`, { cause });
  }
  const type = response.headers.get('content-type') ?? 'none';
  if (!response.ok) {
    throw new SideModuleError(`${String(url)} can't be fetched: HTTP status ${response.status}`);
  }
  try {
    // compileStreaming() insists on the MIME type, which not every server knows.
    return type.startsWith('application/wasm') && 'compileStreaming' in WebAssembly
      ? await WebAssembly.compileStreaming(response)
      : await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    throw new SideModuleError(
      `${String(url)} can't be compiled as WebAssembly (its content type: ${type})`,
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
