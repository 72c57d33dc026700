import { requireNode } from '../shared/app/node-version.ts';

// The check must run before anything else is loaded: a static import would come first, and end with an error that does
// not name the cause.
requireNode();
await import('./triggers.ts');
