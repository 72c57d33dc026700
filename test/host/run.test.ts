import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startNodeHost } from '../../host/node-host.ts';

const program = fileURLToPath(new URL('../../host/main.ts', import.meta.url));

describe('the program of the bytes host', () => {
  it('ends with exit code 1 and every fault of the settings, without a stack', async () => {
    const child = spawn(process.execPath, [program], {
      env: { PATH: process.env.PATH, WEBSITE_INSTANCE_ID: 'a', COSMOS_KEY: 'hush' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    expect(await once(child, 'exit')).toEqual([1, null]);
    for (const fault of ['LONGSHORE_UPLOAD_KEY is missing', 'COSMOS_ENDPOINT is missing', 'COSMOS_KEY has a key'])
      expect(told).toContain(fault);
    expect(told).not.toMatch(/\n\s+at |hush/);
  });
});

describe('a host that stops', () => {
  it('waits for a request, and not for the connection that its client keeps', async () => {
    let answer = (_: Response) => {};
    const answered = new Promise<Response>((resolve) => (answer = resolve));
    const host = await startNodeHost({ fetch: () => answered }, { host: '127.0.0.1', port: 0 });
    const asked = request(host.url, { headers: { connection: 'keep-alive' } }).end();
    await once(asked, 'socket');
    await new Promise((passed) => setTimeout(passed, 50));
    const began = performance.now();
    const stopped = host.stop(30_000);
    setTimeout(() => answer(new Response('late')), 200);
    const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    await stopped;
    expect(response.statusCode).toBe(200);
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
