import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

// The names that scripts find in their global scope.
const everywhere = [
  'AbortController',
  'Blob',
  'BroadcastChannel',
  'DOMException',
  'Event',
  'MessageChannel',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'WebAssembly',
  'atob',
  'btoa',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'navigator',
  'performance',
  'queueMicrotask',
  'setInterval',
  'setTimeout',
  'structuredClone',
];
const inNode = ['Buffer', 'process', 'setImmediate'];
const inBrowsers = [
  'File',
  'HTMLElement',
  'Worker',
  'XMLHttpRequest',
  'addEventListener',
  'alert',
  'customElements',
  'document',
  'importScripts',
  'indexedDB',
  'localStorage',
  'location',
  'postMessage',
  'requestAnimationFrame',
  'self',
  'window',
];

function readonly(names) {
  return Object.fromEntries(names.map((name) => [name, 'readonly']));
}

export default tseslint.config(
  { ignores: ['**/dist/', '**/build/', '**/node_modules/'] },
  {
    files: ['npm/src/**/*.ts'],
    extends: [
      eslint.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: {
      parserOptions: { project: './npm/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['src/browser/emscripten/*.ts'],
    extends: [
      eslint.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: {
      parserOptions: {
        project: './src/browser/emscripten/tsconfig.json',
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  {
    files: ['src/browser/emscripten/{library,host-imports}.js'],
    languageOptions: {
      globals: {
        ...readonly(['ASYNCIFY', 'LibraryManager', 'Module', 'mergeInto', 'wasmMemory']),
        ...readonly(['sahpoolHost', 'sahpoolProgramHost']),
      },
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    extends: [eslint.configs.recommended],
    languageOptions: { globals: readonly([...everywhere, ...inNode]) },
  },
  {
    files: [
      'web/**/*.js',
      'bench/**/*.{js,mjs}',
      'examples/**/*.js',
      'tests/browser/**/*.mjs',
      'tests/library/**/*.mjs',
      'tests/standin/**/*.mjs',
    ],
    languageOptions: { globals: readonly(inBrowsers) },
  },
);
