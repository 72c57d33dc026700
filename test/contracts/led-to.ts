import type { HttpClient } from '@azure/core-rest-pipeline';
import { createDefaultHttpClient } from '@azure/core-rest-pipeline';

/**
 * For an SDK that insists on a service's own name and TLS: what it sends to `origin` goes to a stand-in's plain URL,
 * and it does not notice.
 */
export function ledTo(origin: string, standIn: string): HttpClient {
  const client = createDefaultHttpClient();
  return {
    async sendRequest(request) {
      const asked = request.url;
      request.url = asked.replace(origin, standIn);
      request.allowInsecureConnection = true;
      try {
        return await client.sendRequest(request);
      } finally {
        request.url = asked;
      }
    },
  };
}
