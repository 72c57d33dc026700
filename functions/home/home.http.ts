import { app } from '@azure/functions';
import { allMethods, httpHandler } from '../http-handler.ts';

// The path / and no other: an empty route means the function's name to the host.
app.http('home', {
  route: '{nothing:maxlength(0)?}',
  methods: allMethods,
  authLevel: 'anonymous',
  handler: httpHandler,
});
