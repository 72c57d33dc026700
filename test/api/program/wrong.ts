import createClient from 'openapi-fetch';
import type { paths } from '#api';

// Each line is wrong, so that the test sees that the compiler looks at all.
const client = createClient<paths>({ baseUrl: 'http://registry.example/api/v1' });
await client.GET('/no-such-path');
await client.GET('/tokens', { params: { query: { limit: 'many' } } });
await client.PUT('/builds/policies/{name}', { params: { path: { name: 'a' } }, body: { mode: 'neither' } });
