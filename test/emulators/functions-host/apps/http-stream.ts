import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { guardLibrary, libraryModel } from '../../../../functions/guard.ts';

app.setup({ enableHttpStream: true });

/** The counts of what the handlers below have seen, for tests that look behind the answer. */
export const seen = { aborted: 0, received: 0 };

const all = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

app.http('ping', { route: 'ping', methods: ['GET'], handler: () => ({ body: 'pong' }) });

app.http('echo', {
  route: 'echo/{*path}',
  methods: [...all],
  handler: async (request): Promise<HttpResponseInit> => ({
    jsonBody: {
      method: request.method,
      url: request.url,
      params: { ...request.params },
      query: [...request.query],
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    },
  }),
});

app.http('item', {
  route: 'items/{id}/{part?}',
  methods: ['GET'],
  handler: (request) => ({ jsonBody: request.params }),
});
app.http('first', { route: 'overlap/{name}', methods: ['GET'], handler: () => ({ body: 'first' }) });
app.http('second', { route: 'overlap/exact', methods: ['GET'], handler: () => ({ body: 'second' }) });
app.http('unrouted', { methods: ['GET'], handler: () => ({ body: 'by name' }) });

app.http('head', {
  route: 'head',
  methods: ['HEAD'],
  handler: () => ({ headers: { 'content-length': '1234', 'docker-content-digest': 'sha256:ab' } }),
});
app.http('redirect', {
  route: 'redirect',
  methods: ['GET'],
  handler: () => ({ status: 307, headers: { location: 'http://elsewhere.test/blob?sig=a%2Bb' } }),
});
app.http('cookies', {
  route: 'cookies',
  methods: ['GET'],
  handler: () => ({
    cookies: [
      { name: 'a', value: '1', path: '/' },
      { name: 'b', value: '2' },
    ],
  }),
});

app.http('throws', {
  route: 'throws',
  methods: ['GET', 'PUT'],
  handler: () => {
    throw new Error('out of luck');
  },
});
app.http('nothing', { route: 'nothing', methods: ['GET'], handler: () => undefined as unknown as HttpResponseInit });

app.http('count', {
  route: 'count',
  methods: ['PUT', 'PATCH'],
  handler: async (request) => ({ jsonBody: { bytes: await countBytes(request) } }),
});
app.http('refuse', { route: 'refuse', methods: ['PUT'], handler: () => ({ status: 413, body: 'too large' }) });

app.http('stops', {
  route: 'stops',
  methods: ['PUT'],
  handler: async (request) => {
    await request.body?.getReader().read();
    return { status: 413, body: 'too large' };
  },
});

app.http('ticks', {
  route: 'ticks',
  methods: ['GET'],
  handler: () => ({ body: ticks(), headers: { 'content-type': 'text/event-stream' } }),
});
app.http('breaks', { route: 'breaks', methods: ['GET'], handler: () => ({ body: breaksMidway() }) });

/** Reads the whole body; with `?pause=` it takes that many milliseconds for every mebibyte. */
async function countBytes(request: HttpRequest): Promise<number> {
  const pause = Number(request.query.get('pause'));
  let bytes = 0;
  let paused = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += (chunk as Uint8Array).length;
      seen.received = bytes;
      for (; pause > 0 && paused < Math.floor(bytes / 1_048_576); paused++)
        await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } catch (error) {
    seen.aborted++;
    throw error;
  }
  return bytes;
}

async function* ticks(): AsyncGenerator<Uint8Array> {
  for (const tick of ['one', 'two', 'three']) {
    yield new TextEncoder().encode(`${tick}\n`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

async function* breaksMidway(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('half');
  await new Promise((resolve) => setTimeout(resolve, 20));
  throw new Error('the source went away');
}

// As the registry's own entry does it: an invocation whose request does not come ends. These functions are the
// library's, though.
const model = libraryModel();
if (model !== undefined) guardLibrary(model);
