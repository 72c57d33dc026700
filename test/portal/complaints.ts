/** A test by its file below `test/`, the block that it is in, if it is in one, and its own name. */
export interface Held {
  readonly file: string;
  readonly of?: string;
  readonly test: string;
}

/** Something that users of other registries' portals complain about or ask for, and the tests that hold it here. */
interface Complaint {
  readonly complaint: string;
  /** Public threads, as far as there are any. */
  readonly threads: readonly string[];
  readonly heldBy: readonly Held[];
}

/** Names tests of one block of a file. */
function inBlock(file: string, of: string): (test: string) => Held {
  return (test) => ({ file, of, test });
}

const views = 'shared/features/views';
const images = 'shared/features/images';
const browser = 'clients/portal.test.ts';

const tagRows = inBlock(`${views}/tags.test.ts`, 'the tags of a repository');
const repositoryRows = inBlock(`${views}/repositories.test.ts`, 'the repositories');
const manifestRows = inBlock(`${views}/manifests.test.ts`, 'the manifests of a repository');
const manyTags = inBlock(`${views}/large.test.ts`, 'the page of a repository with very many tags');
const bulkDeletion = inBlock(`${views}/bulk.test.ts`, 'a bulk deletion');
const killedDeletion = inBlock(`${views}/bulk.test.ts`, 'a bulk deletion whose process dies at any store call');
const image = inBlock(`${images}/image.test.ts`, 'an image');
const index = inBlock(`${images}/image.test.ts`, 'an index');
const attestation = inBlock(`${images}/attestations.test.ts`, 'an attestation in an index');
const preview = inBlock(`${images}/deletion.test.ts`, 'the preview of a deletion');
const anyPreview = inBlock(`${images}/deletion-is-right.test.ts`, 'the preview of a deletion');
const allTags = inBlock('clients/portal-complaints.ts', 'all tags of a repository');
const aboutImage = inBlock('clients/portal-complaints.ts', 'all about an image');
const tagsPage = inBlock(browser, 'the tags of a repository');
const shell = inBlock(browser, 'the shell');
const eachPage = inBlock(browser, 'the page %s');
const steeringPages = inBlock('clients/portal-steering.test.ts', 'the pages that steer a registry');
const eachSteeringPage = inBlock('clients/portal-steering.test.ts', 'the page %s with content');
const search = inBlock('portal/reference.test.ts', 'the search');
const command = inBlock('portal/reference.test.ts', 'a command that the page of an image offers');
const pull = inBlock('shared/features/usage/pulls.test.ts', 'a pull');
const scannerPull = inBlock('shared/features/usage/pulls.test.ts', 'what scanners and replication pull');

const held =
  'asks at most three times, breaks no rule of accessibility and none of its policy, and can be used by keyboard ' +
  'alone, in the $theme theme at $width pixels, where nothing is stretched';

/** Each complaint with its tests, those of the API before those in a browser. */
export const complaints: readonly Complaint[] = [
  {
    complaint: 'A list is of digests, where people look for tags.',
    threads: ['goharbor/harbor#17704'],
    heldBy: [
      tagsPage('are rows, in natural order, with the other tags of the same image'),
      manifestRows('are in lists of their own where they have no tag, or refer to another'),
    ],
  },
  {
    complaint: 'Sorting sorts the page that is shown and not the list, and a search leaves blank pages.',
    threads: ['goharbor/harbor#12277', 'goharbor/harbor#11334', 'Joxit/docker-registry-ui#400'],
    heldBy: [
      tagRows(
        'are sorted as a whole and not by page: by push, by size and by pull, and what was never pulled comes last',
      ),
      tagRows('are counted as a whole, and a search counts what matches'),
      tagsPage('are counted, paged, filtered and sorted by the registry'),
    ],
  },
  {
    complaint: 'All tags are fetched to open a page, which takes minutes.',
    threads: ['mkuchin/docker-registry-web#21', 'atcol/docker-registry-ui#147'],
    heldBy: [
      manyTags('answers in at most 1.5 times the time of one with few: sort=%s'),
      tagRows('cost three queries and a count a page, whatever they are sorted by'),
      eachPage(held),
    ],
  },
  {
    complaint: 'Not all repositories are listed.',
    threads: ['Azure/acr#227'],
    heldBy: [
      repositoryRows(
        'page to their end when there are 10,000 of them, and are counted; so does the catalog of clients',
      ),
    ],
  },
  {
    complaint: 'A list of manifests takes minutes where there are many.',
    threads: ['Azure/acr#83'],
    heldBy: [manifestRows('cost a page no more calls of the store where there are thousands')],
  },
  {
    complaint: 'A digest with more than ten tags is shown wrongly.',
    threads: ['Azure/azure-cli#7438'],
    heldBy: [
      tagRows('name ten aliases of a digest with 200 tags and count them all'),
      image('has of 200 tags the first twenty, and their number'),
      preview('names all 200 tags of a digest, which go with it'),
      allTags('name the others of the same image, also where there are many'),
    ],
  },
  {
    complaint: 'Many images cannot be deleted at once: those that are picked, all that match, or all that are old.',
    threads: [
      'mkuchin/docker-registry-web#86',
      'klausmeyer/docker-registry-browser#379',
      'Joxit/docker-registry-ui#335',
      'docker/hub-feedback#497',
    ],
    heldBy: [
      bulkDeletion(
        'takes all 500 tags that match and not only those that a page shows, and one call brings all of them back',
      ),
      bulkDeletion('takes what is picked, what begins so, what is older, and nothing else'),
      tagsPage('are deleted by one call, all that match and not only those that are seen, and come back by Undo'),
      allTags('are deleted by their age, once their number was shown'),
    ],
  },
  {
    complaint: 'Deleting one tag deleted another of the same image, and nothing had said so.',
    threads: ['Joxit/docker-registry-ui#399', 'goharbor/harbor#988'],
    heldBy: [
      preview('of a tag is that tag alone: its twin and its manifest stay'),
      preview('lists every tag, child and referrer that goes with an index, and what stays and why'),
      anyPreview('is what the deletion then takes, whatever lists, refers to, signs or locks what'),
      tagsPage('say what goes and what stays before one is deleted'),
    ],
  },
  {
    complaint: 'A deletion frees nothing, and does not say when it will.',
    threads: ['Azure/acr#519', 'Azure/acr#71'],
    heldBy: [preview('says what is freed and on which date, after the bin; layers of other images are not')],
  },
  {
    complaint: 'An image for several platforms is shown with the size of its index: some hundred bytes.',
    threads: ['go-gitea/gitea#23771'],
    heldBy: [
      tagRows(
        'have as their size the sum of the platforms of an index, each platform shown, and attestations are none',
      ),
      index('has as its size the sum of its platforms, each of which is shown'),
    ],
  },
  {
    complaint: 'An attestation is shown as the platform unknown/unknown.',
    threads: ['go-gitea/gitea#24973', 'docker/build-push-action#755'],
    heldBy: [
      attestation('is one to the list of tags and to the image alike when it is marked %s'),
      attestation('runs on nothing where manifests are listed by their digests either'),
      index('shows unknown/unknown as the attestation that it is, never as a platform'),
      tagsPage('show attestations as such, the platforms, and the signature of an index'),
    ],
  },
  {
    complaint: 'An index is said to have no signature and no SBOM, although the images in it have them.',
    threads: ['goharbor/harbor#22790', 'goharbor/harbor#21424', 'goharbor/harbor#21459', 'goharbor/harbor#23526'],
    heldBy: [
      tagRows('show the badges of the images that an index lists, by referrers and by tags of signers'),
      index('has the badges of its children: a signature, and a bill of materials that refers to one'),
    ],
  },
  {
    complaint: 'Of a config nothing is shown but its layers: no ports, entrypoint, environment or labels.',
    threads: ['go-gitea/gitea#22283', 'Azure/acr#247'],
    heldBy: [
      image('shows exposed ports, entrypoint, env and labels, and which instruction made which layer'),
      aboutImage('shows how it runs: ports, entrypoint, environment and labels'),
    ],
  },
  {
    complaint: 'Layers are shown without their sizes, and without the images that share one.',
    threads: ['mkuchin/docker-registry-web#69', 'docker/roadmap#27'],
    heldBy: [
      image('counts in how many other images a layer is'),
      aboutImage('says of its size that it is compressed, and of each layer in how many images it is'),
    ],
  },
  {
    complaint: 'The size differs from that of the image on disk, because it is compressed, which is not said.',
    threads: ['docker/hub-feedback#331'],
    heldBy: [aboutImage('says of its size that it is compressed, and of each layer in how many images it is')],
  },
  {
    complaint: 'It is not seen which tags are one image, and 6.0.10 stands before 6.0.9.',
    threads: ['moby/moby#7919', 'docker/hub-feedback#185'],
    heldBy: [
      tagRows('stand in natural order, on every page and across pages, in both directions'),
      tagsPage('are rows, in natural order, with the other tags of the same image'),
    ],
  },
  {
    complaint: 'A search does not understand php:7.2.1-apache.',
    threads: ['docker/hub-feedback#1755'],
    heldBy: [
      search('of %s leads to the right place'),
      command('leads the search back to it, by tag and by digest: %s'),
      shell('leads from a whole reference that is pasted into the search to its image'),
    ],
  },
  {
    complaint: 'Three and a half images fill a screen.',
    threads: ['project-zot/zot#3259'],
    heldBy: [tagsPage('are twenty or more on a screen of 1280 by 800'), shell('keeps the chosen colours and rows')],
  },
  {
    complaint: 'There is no dark theme.',
    threads: ['project-zot/zui#553'],
    heldBy: [eachPage(held), shell('keeps the chosen colours and rows')],
  },
  {
    complaint: 'Images without a tag, and referrers, are not to be found.',
    threads: ['project-zot/zui#476'],
    heldBy: [manifestRows('are in lists of their own where they have no tag, or refer to another')],
  },
  {
    complaint: 'Sizes and last pulls of repositories and images are not shown, and nothing is sorted by them.',
    threads: ['Azure/acr#712', 'Azure/acr#745', 'Azure/acr#169', 'Azure/acr#548', 'go-gitea/gitea#26466'],
    heldBy: [
      repositoryRows(
        'are sorted as a whole by push, pull and size, also when searched, and those without any come last',
      ),
      tagRows(
        'are sorted as a whole and not by page: by push, by size and by pull, and what was never pulled comes last',
      ),
      allTags('are sorted, and so are the repositories, as a whole by their size and their last pull'),
    ],
  },
  {
    complaint: 'Somebody who is blind, or has no mouse, cannot use it.',
    threads: ['goharbor/harbor#3403', 'goharbor/harbor#12327', 'docker/roadmap#299', 'docker/hub-feedback#2290'],
    heldBy: [
      eachPage(held),
      eachPage('has nothing cut off at 360 pixels, and breaks no rule of accessibility there'),
      eachSteeringPage(
        'asks at most three times, breaks no rule of accessibility, is walked by keys, and fits every screen',
      ),
    ],
  },
  {
    complaint: 'Webhooks are not seen at a glance: a light and a time are what people look at.',
    threads: ['microsoft/vscode-docker#151'],
    heldBy: [
      {
        file: 'shared/features/webhooks/views.test.ts',
        test: 'a view of webhooks has for each a light and the time of its last delivery',
      },
      steeringPages('show on the overview a light for each webhook, with the time of its last delivery'),
    ],
  },
  {
    complaint: 'A deletion that was interrupted because the browser was closed lost tags.',
    threads: ['portainer/portainer#2648'],
    heldBy: [
      killedDeletion('is carried on by the timer of the next, each tag is counted once, and it is undone whole'),
      tagsPage('are deleted by one call, all that match and not only those that are seen, and come back by Undo'),
    ],
  },
  {
    complaint: 'Numbers of pulls are of scanners, and nobody sees who has pulled.',
    threads: [],
    heldBy: [
      scannerPull('is counted, and refreshes no last pull'),
      pull('by tag is counted of the repository, the tag and the digest, with its time, client and region'),
      aboutImage('shows who has pulled it, and that a scanner is nobody who uses it'),
    ],
  },
];
