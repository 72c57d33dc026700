import { barOf } from '../context.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { bytesOf, timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';

export const regions: Verb = {
  name: 'regions',
  does: 'Lists the regions that the registry is replicated to; with an image, how far its copies are',
  takes: '[image]',
  examples: ['regions', 'regions team/app:1'],
  async run({ connect, output }, given) {
    if (given.args.length > 0) {
      const image = parseImage(given.at(0));
      const api = await (await connect(image)).api;
      const { repository, tag, digest } = image;
      const query = { repository, ...(digest === undefined ? { tag: tag ?? '' } : { digest }) };
      const status = dataOf(await api.GET('/replication/status', { params: { query } }));
      return output.list(status.regions, {
        columns: [
          { title: 'REGION', text: ({ region }) => region },
          { title: 'STATE', isState: true, text: ({ state }) => state },
          { title: 'DONE', text: ({ bytesDone, bytes }) => barOf(bytesDone, bytes), raw: ({ bytesDone }) => bytesDone },
          { title: 'SIZE', isNumber: true, text: ({ bytes }) => bytesOf(bytes), raw: ({ bytes }) => bytes },
          { title: 'NEXT TRY', text: ({ nextTry }) => timeOf(nextTry), raw: ({ nextTry }) => nextTry },
          { title: 'ERROR', mayShrink: true, text: ({ error }) => error },
        ],
        nameOf: ({ region }) => region,
        whenEmpty: `${nameOfImage(image)} is in one region alone, because the registry has no other.`,
      });
    }
    await output.list(itemsOf(await connect(), '/replications', { query: { limit: 100 } }), {
      columns: [
        { title: 'REGION', text: ({ region }) => region },
        { title: 'STATUS', isState: true, text: ({ status }) => status },
        {
          title: 'LOOKS AT ALL SINCE',
          text: ({ walk }) => timeOf(walk?.startedAt),
          raw: ({ walk }) => walk?.startedAt,
        },
        {
          title: 'LAST LOOKED AT ALL',
          text: ({ walked }) => timeOf(walked?.endedAt),
          raw: ({ walked }) => walked?.endedAt,
        },
        {
          title: 'REPAIRED',
          isNumber: true,
          text: ({ walked }) => (walked === undefined ? '' : String(walked.repaired)),
        },
      ],
      nameOf: ({ region }) => region,
      whenEmpty: 'The registry is in one region: docs/replication.md shows how another is added.',
    });
  },
};
