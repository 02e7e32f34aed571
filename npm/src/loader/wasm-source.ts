// From what the user gave as the side module to a compiled one.

import { SideModuleError } from '../core/errors.js';
import { exceptionText } from '../core/exception-text.js';
import type { AttachOptions } from '../core/types.js';

/** Node.js, which doesn't fetch files. */
interface NodeProcess {
  getBuiltinModule?(name: 'fs'): { readFileSync(url: URL): BufferSource };
}

async function open(url: URL | string): Promise<Response> {
  const node = (globalThis as { process?: NodeProcess }).process;
  const files = String(url).startsWith('file:') ? node?.getBuiltinModule?.('fs') : undefined;
  if (files) return new Response(files.readFileSync(new URL(url)));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return response;
}

async function compileFetched(url: URL | string): Promise<WebAssembly.Module> {
  let response: Response;
  try {
    response = await open(url);
  } catch (cause) {
    throw new SideModuleError(`${String(url)} can't be fetched: ${exceptionText(cause)}`, {
      cause,
    });
  }
  const type = response.headers.get('content-type');
  try {
    // compileStreaming(), which lets the browser keep what it compiled, insists on just this type.
    return type === 'application/wasm' && 'compileStreaming' in WebAssembly
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
