import { app } from '@azure/functions';
import { allMethods, httpHandler } from '../http-handler.ts';

// The route is the path / alone: for an empty route the host uses the function's name.
app.http('home', {
  route: '{nothing:maxlength(0)?}',
  methods: allMethods,
  authLevel: 'anonymous',
  handler: httpHandler,
});
