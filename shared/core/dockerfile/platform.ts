import { DockerfileFault } from './fault.ts';

export interface Platform {
  readonly os: string;
  readonly version: string;
  readonly architecture: string;
  readonly variant: string;
}

const systems = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const architectures = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ' +
    'riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);
const systemPart = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)(?:\+[A-Za-z0-9_.%-]+)*\))?$/;
const part = /^[A-Za-z0-9_.-]+$/;

const armVariants: Readonly<Record<string, string>> = { '': 'v7', 5: 'v5', 6: 'v6', 7: 'v7', 8: 'v8' };
const arm64Variants: Readonly<Record<string, string>> = {
  8: '',
  v8: '',
  'v8.0': '',
  9: 'v9',
  '9.0': 'v9',
  'v9.0': 'v9',
};

function normal(architecture: string, variant: string): readonly [string, string] {
  switch (architecture) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', variant === 'v1' ? '' : variant];
    case 'aarch64':
    case 'arm64':
      return ['arm64', arm64Variants[variant] ?? variant];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      return ['arm', armVariants[variant] ?? variant];
    default:
      return [architecture, variant];
  }
}

/**
 * Parses containerd's platform specifiers, as `--platform` accepts them: `linux/arm64`, `arm/v7`,
 * `windows(10.0.17763)/amd64`. @throws DockerfileFault
 */
export function parsePlatform(specifier: string): Platform {
  if (specifier.includes('*'))
    throw new DockerfileFault(`${JSON.stringify(specifier)}: wildcards not yet supported: invalid argument`);
  const parts = specifier.split('/');
  const [first = '', second = '', third = ''] = parts;
  const system = systemPart.exec(first);
  if (system === null || parts.slice(1).some((each) => !part.test(each)) || parts.length > 3)
    throw new DockerfileFault(`${JSON.stringify(specifier)} is no platform specifier: invalid argument`);
  const written = (system[1] ?? '').toLowerCase();
  const os = written === 'macos' ? 'darwin' : written;
  const version = system[2] ?? '';
  if (parts.length > 1) {
    const [architecture, variant] = normal(second.toLowerCase(), third.toLowerCase());
    if (parts.length === 2)
      return { os, version, architecture, variant: architecture === 'arm' && variant === 'v7' ? '' : variant };
    return { os, version, architecture, variant: architecture === 'arm64' && variant === '' ? 'v8' : variant };
  }
  // A builder fills in what is not said with its own platform; here that is always linux/amd64.
  if (systems.has(os)) return { os, version, architecture: 'amd64', variant: '' };
  const [architecture, variant] = normal(first.toLowerCase(), '');
  if (architectures.has(architecture))
    return { os: 'linux', version, architecture, variant: architecture === 'arm' && variant === 'v7' ? '' : variant };
  throw new DockerfileFault(`${JSON.stringify(specifier)}: unknown operating system or architecture: invalid argument`);
}

export function formatPlatform({ os, version, architecture, variant }: Platform): string {
  return [version === '' ? os : `${os}(${version})`, architecture, variant].filter((each) => each !== '').join('/');
}
