import type { Schema, VNode } from '../../kit.ts';
import {
  Badge,
  Bytes,
  Card,
  CommandLine,
  Digest,
  Facts,
  formatBytes,
  formatNumber,
  formatPlatform,
  formatShare,
  Link,
  linkToImage,
  shortDigest,
  Text,
  Time,
  useState,
} from '../../kit.ts';

type Image = Schema<'Image'>;

/** Shows what an image is, the commands that pull it, its platforms and its regions. */
export function Summary({ of }: { readonly of: Image }): VNode {
  return (
    <div class="cards">
      <About of={of} />
      <Pull of={of.pullCommands} />
      {of.platforms.length === 0 ? null : <Platforms of={of} />}
      {of.children.length === 0 ? null : <Children of={of} />}
      {of.regions === undefined ? null : <Regions of={of.regions} />}
      {of.annotations === undefined ? null : (
        <Card title="Annotations">
          <Facts of={Object.entries(of.annotations).map(([name, value]) => [name, <Text key={name} of={value} />])} />
        </Card>
      )}
    </div>
  );
}

function About({ of }: { readonly of: Image }): VNode {
  const { digest, tags, tagCount, mediaType, artifactType, pushedAt, createdAt, bytes, size, subject, base, config } =
    of;
  // The config of an attestation names unknown/unknown, because it runs on nothing.
  const platform =
    config?.os === undefined || config.architecture === undefined || config.os === 'unknown' ? undefined : config;
  return (
    <Card title="About">
      <Facts
        of={[
          ['Digest', <Digest key="digest" of={digest} />],
          ['Tags', <Tags key="tags" of={of} tags={tags} tagCount={tagCount} />],
          ['Size', <span key="size">{formatBytes(bytes)} compressed, as pulled</span>],
          ['Manifest', <span key="own">{formatNumber(size)} bytes</span>],
          ['Pushed', <Time key="pushed" at={pushedAt} />],
          ['First pushed', createdAt === undefined ? undefined : <Time key="created" at={createdAt} />],
          [
            'Runs on',
            platform === undefined ? undefined : (
              <Text
                key="platform"
                of={formatPlatform({
                  os: platform.os ?? '',
                  architecture: platform.architecture ?? '',
                  variant: platform.variant,
                })}
              />
            ),
          ],
          ['Media type', <Text key="type" of={mediaType} />],
          ['Artifact type', artifactType === undefined ? undefined : <Text key="artifact" of={artifactType} />],
          [
            'Refers to',
            subject === undefined ? undefined : (
              <Link key="subject" href={linkToImage(of.repository, subject)}>
                {shortDigest(subject)}
              </Link>
            ),
          ],
          ['Built on', base === undefined ? undefined : <Base key="base" of={base} />],
        ]}
      />
    </Card>
  );
}

function Tags({
  of,
  tags,
  tagCount,
}: {
  readonly of: Image;
  readonly tags: readonly string[];
  readonly tagCount: number;
}): VNode {
  if (tagCount === 0) return <span class="soft">none</span>;
  return (
    <>
      {tags.map((tag, at) => (
        <span key={tag}>
          {at === 0 ? '' : ', '}
          <Link href={linkToImage(of.repository, tag)}>
            <Text of={tag} />
          </Link>
        </span>
      ))}
      {tagCount > tags.length ? ` and ${formatNumber(tagCount - tags.length)} more` : ''}
    </>
  );
}

function Base({ of: { image, evidence, confidence, isCurrent } }: { readonly of: Schema<'ImageBase'> }): VNode {
  return (
    <>
      <Text of={image} />{' '}
      <span class="soft">
        by <Text of={evidence} />, {formatShare(confidence)} sure
      </span>{' '}
      {isCurrent === false ? (
        <Badge looks="warn" title="The tag of the base points elsewhere by now.">
          outdated
        </Badge>
      ) : null}
    </>
  );
}

/** Gives the commands that pull it, by client; one that names the digest nobody can move. */
function Pull({ of }: { readonly of: Image['pullCommands'] }): VNode {
  const [chosen, setChosen] = useState(of[0]?.client);
  const command = of.find(({ client }) => client === chosen) ?? of[0];
  return (
    <Card
      title="Pull"
      actions={
        <select
          aria-label="Client"
          value={chosen}
          onChange={(event) => setChosen(event.currentTarget.value as typeof chosen)}
        >
          {of.map(({ client }) => (
            <option key={client} value={client}>
              {client}
            </option>
          ))}
        </select>
      }
    >
      {command === undefined ? (
        <p>No client is known that pulls this.</p>
      ) : (
        <>
          <CommandLine text={command.command} />
          <p class="soft">By its digest, which nobody can move:</p>
          <CommandLine text={command.pinned} what="the command with the digest" />
        </>
      )}
    </Card>
  );
}

/** Attestations are not among them: they run on nothing. */
function Platforms({ of: { repository, platforms, attestations } }: { readonly of: Image }): VNode {
  return (
    <Card title="Platforms">
      <ul>
        {platforms.map((platform) => (
          <li key={platform.digest} class="bar">
            <Link href={linkToImage(repository, platform.digest)}>
              <Text of={formatPlatform(platform)} />
            </Link>
            <Bytes of={platform.bytes} />
            <Digest of={platform.digest} />
            {platform.isHere ? null : (
              <Badge looks="warn" title="The index lists it, but nobody has pushed it.">
                not pushed
              </Badge>
            )}
          </li>
        ))}
      </ul>
      {attestations.length === 0 ? null : (
        <>
          <h3>Attestations in the index</h3>
          <ul>
            {attestations.map(({ digest, of: about, predicateTypes = [] }) => (
              <li key={digest}>
                <Link href={linkToImage(repository, digest)}>{shortDigest(digest)}</Link>{' '}
                <Text of={predicateTypes.join(', ')} />
                {about === undefined ? null : <span class="soft"> of {shortDigest(about)}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function Children({ of: { repository, children } }: { readonly of: Image }): VNode {
  return (
    <Card title="Other manifests of the index">
      <ul>
        {children.map(({ digest, mediaType, artifactType, bytes }) => (
          <li key={digest}>
            <Link href={linkToImage(repository, digest)}>{shortDigest(digest)}</Link>{' '}
            <Text of={artifactType ?? mediaType} /> <Bytes of={bytes} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Regions({ of }: { readonly of: NonNullable<Image['regions']> }): VNode {
  return (
    <Card title="Regions">
      <ul>
        {of.map(({ region, state, missingBytes }) => (
          <li key={region}>
            <Text of={region} /> <Badge looks={state === 'complete' ? 'good' : 'warn'}>{state}</Badge>{' '}
            {missingBytes === undefined || missingBytes === 0 ? null : (
              <>
                lacks <Bytes of={missingBytes} />
              </>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}
