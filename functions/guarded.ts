import { guardLibrary, libraryModel } from './guard.ts';

// The library gives its model to the worker with the first function that it registers, so this import comes last.
const model = libraryModel();
if (model !== undefined) guardLibrary(model, { answersItself: true });
