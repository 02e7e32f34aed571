// Runs an Emscripten program in this worker and posts what it prints: worker.js?program=notes.js
const program = new URL(self.location).searchParams.get('program');
self.Module = {
  print: (line) => self.postMessage(line),
  printErr: (line) => self.postMessage(line),
  // What the threads of the program load: it would be taken to be this file.
  mainScriptUrlOrBlob: program,
};
self.importScripts(program);
