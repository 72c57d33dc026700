import { app } from '@azure/functions';

app.http('echo', {
  route: 'echo/{*path}',
  methods: ['GET', 'PUT'],
  handler: async (request) => ({
    status: 201,
    headers: { 'x-mine': 'yes' },
    cookies: [
      { name: 'a', value: '1 2', path: '/', httpOnly: true, sameSite: 'Strict', maxAge: 60 },
      { name: 'b', value: '2', secure: true, expires: new Date('2030-01-01T00:00:00Z') },
    ],
    jsonBody: {
      url: request.url,
      params: request.params,
      query: [...request.query],
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    },
  }),
});
app.http('bytes', { methods: ['GET'], handler: () => ({ body: new Uint8Array([0, 255, 10]) }) });
app.http('nothing', { methods: ['GET'], handler: () => undefined as never });
app.http('throws', {
  methods: ['GET'],
  handler: () => {
    throw new Error('out of luck');
  },
});
