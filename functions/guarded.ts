import { guardLibrary, libraryModel } from './guard.ts';

// The library shows its model to the worker with the first function that it registers: so this comes last.
const model = libraryModel();
if (model !== undefined) guardLibrary(model, { answersItself: true });
