import { describe, expect, it } from 'vitest';
import { refusalOf } from './answers.ts';

const after = (line: string): string => refusalOf(`FROM alpine\n${line}\n`);

describe('an instruction that BuildKit refuses when it parses', () => {
  it.each([
    ['ENTRYPONT x', 'unknown instruction: ENTRYPONT (did you mean ENTRYPOINT?)'],
    ['rum x', 'unknown instruction: rum (did you mean run?)'],
    ['ENV a', 'ENV must have two arguments'],
    ['ENV a=1 b', 'Syntax error - can\'t find = in "b". Must be of the form: name=value'],
    ['ENV =1', 'ENV names can not be blank'],
    ['ENV', 'ENV requires at least one argument'],
    ['LABEL', 'LABEL requires at least one argument'],
    ['ARG', 'ARG requires at least one argument'],
    ['ARG =1', 'ARG names can not be blank'],
    ['COPY a', 'COPY requires at least two arguments, but only one was provided. Destination could not be determined'],
    ['COPY --chwon=1 a b', 'unknown flag: --chwon (did you mean chown?)'],
    ['COPY --link=maybe a b', 'expecting boolean value for flag --link, not: maybe'],
    ['COPY --link= a b', 'missing a value on flag: --link'],
    ['COPY --chown a b', 'missing a value on flag: --chown'],
    ['COPY a <<EOF\nEOF', 'COPY cannot accept a heredoc as a destination'],
    ['RUN ["a", 1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['RUN --network=lan true', 'invalid network mode "lan"'],
    ['RUN --security=none true', 'security "none" is not valid'],
    ["RUN --mount='a\"b' true", 'failed to parse csv mounts: bare " in non-quoted-field'],
    ['SHELL', 'SHELL requires at least one argument'],
    ['SHELL sh -c', 'SHELL requires the arguments to be in JSON form'],
    ['USER', 'USER requires exactly one argument'],
    ['WORKDIR --x /a', 'unknown flag: --x'],
    ['VOLUME', 'VOLUME requires at least one argument'],
    ['VOLUME [""]', 'VOLUME specified can not be an empty string'],
    ['EXPOSE', 'EXPOSE requires at least one argument'],
    ['ONBUILD', 'ONBUILD requires at least one argument'],
    ['ONBUILD ONBUILD RUN true', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['MAINTAINER', 'MAINTAINER requires exactly one argument'],
    ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
    ['HEALTHCHECK NONE x', 'HEALTHCHECK NONE takes no arguments'],
    ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
    ['HEALTHCHECK RUN x', 'Unknown type "RUN" in HEALTHCHECK (try CMD)'],
    ['HEALTHCHECK --interval=1 CMD x', 'time: invalid duration "1"'],
    ['HEALTHCHECK --interval=1us CMD x', 'Interval "interval" cannot be less than 1ms'],
    ['STOPSIGNAL --a\u00a0 --b', 'STOPSIGNAL requires exactly one argument'],
    ['HEALTHCHECK --retries=-1 CMD x', '--retries cannot be negative (-1)'],
  ])('is refused: %s', (line, message) => {
    expect(after(line)).toContain(message);
  });
});

describe('an instruction that BuildKit refuses when it goes through the stages that are needed', () => {
  it.each([
    ['ENV a="${b:?no b}"', 'b: no b'],
    ['LABEL a="${b"', 'unsupported modifier (") in substitution'],
    ['USER ${', "syntax error: missing '}'"],
    ['COPY --chmod=10000 a b', "invalid chmod parameter: '10000'. it should be octal string and between 0 and 07777"],
    ['COPY --chmod=u~x a b', 'invalid syntax'],
    ['COPY https://x/y z', "source can't be a URL for COPY"],
    ['COPY git@host:a/b.git z', "source can't be a git ref for COPY"],
    ['ADD https://x/y.git?nope=1 z', 'unexpected query "nope"'],
    ['ADD https://x/y.git?ref=a&ref=b z', 'query "ref" has multiple values'],
    ['ADD https://x/y.git?ref=a#b z', 'ref conflicts: "b" vs "a"'],
    ['ADD --checksum=sha256:ab https://x/y z', 'invalid checksum digest format'],
    ['ADD --checksum=x y z', 'checksum requires HTTP(S) or Git sources'],
    ['ADD --checksum=x a y z', "checksum can't be specified for multiple sources"],
    ['RUN --mount=typ=bind,target=/x true', "unexpected key 'typ' in 'typ=bind' (did you mean type?)"],
    ['RUN --mount=type=bin,target=/x true', 'unsupported mount type "bin" (did you mean bind?)'],
    ['RUN --mount=target true', "invalid field 'target' must be a key=value pair"],
    ['RUN --mount=type=bind true', 'invalid mount target "/"'],
    ['RUN --mount=type=bind,target=/x,uid=1 true', 'uid not allowed for "bind" type mounts'],
    ['RUN --mount=type=secret true', 'invalid secret mount. one of source, target required'],
    ['RUN --mount=type=secret,from=x,id=a true', 'secret mount should not have a from'],
    ['RUN --mount=type=cache,target=/x,sharing=some true', 'unsupported sharing value "some"'],
    ['RUN --mount=type=bind,target=/x,sharing=shared true', 'invalid cache sharing set for bind mount'],
    ['RUN --mount=type=cache,target=/x,mode=9 true', 'invalid value 9 for mode'],
    ['RUN --mount=type=bind,target=/x,size=1 true', "unexpected key 'size' for mount type 'bind'"],
    ['RUN --mount=type=ssh,source=x true', 'ssh does not support source'],
    ['STOPSIGNAL SIGNOPE', 'invalid signal: SIGNOPE'],
    ['EXPOSE 80/icmp', 'invalid proto: icmp'],
    ['EXPOSE \u00a0--flag', 'invalid containerPort: --flag'],
    ['EXPOSE 70000', 'invalid containerPort: 70000'],
    ['EXPOSE 90-80', 'invalid containerPort: 90-80'],
    ['VOLUME $none', 'VOLUME specified can not be an empty string'],
  ])('is refused: %s', (line, message) => {
    expect(after(line)).toContain(message);
    expect(refusalOf(`FROM alpine AS unused\n${line}\nFROM busybox\n`)).toBe('');
  });

  it.each([
    'RUN --mount=type=tmpfs,target=/x,size=64m --mount=type=cache,target=/y,uid=1,sharing=locked,ro true',
    'RUN --mount=type=secret,id=a,env=A,required --mount=type=ssh true',
    'WORKDIR a\nRUN --mount=type=bind,rw true',
    'ADD --keep-git-dir https://x/y.git?keep-git-dir=1#main:dir z',
    'COPY --chmod=u+rwX,go=r --parents --exclude=a --exclude=b a b',
    'EXPOSE 80 443/TCP 9000-9010 127.0.0.1:80:80',
    'STOPSIGNAL rtmin+3\nSTOPSIGNAL 9',
    'HEALTHCHECK --interval=1m30s --timeout=0 --retries=3 CMD ["x"]',
    'ARG a=1 b\nENV c=$a d=${b:-x}\nLABEL a b c\nRUN [ -f x ]',
    'ENTRYPOINT []\nCMD\nVOLUME ["/a", "/b"]\nSHELL ["sh"]\nMAINTAINER me and you',
  ])('is none of %j', (lines) => {
    expect(after(lines)).toBe('');
  });

  it('is found with variables of the stage before: ENV and ARG alike', () => {
    expect(refusalOf('FROM a AS p\nARG x=1\nENV y=2\nFROM p\nUSER ${x:?} ${y:?}\n')).toBe('');
    expect(refusalOf('ARG g=1\nFROM a\nUSER ${g:?}\n')).toContain('g: is not allowed to be unset');
    expect(refusalOf('ARG g=1\nFROM a\nARG g\nUSER ${g:?}\n')).toBe('');
    expect(refusalOf('FROM a\nENV x=1 y=${x:?}\n')).toContain('x: is not allowed to be unset');
  });

  it.each([
    // The given argument wins over the default that the stage's own ARG names, in each instruction that reads it.
    ['FROM a\nARG SIG=SIGTERM\nSTOPSIGNAL $SIG', { SIG: 'bogus' }, 'invalid signal: bogus'],
    ['FROM a\nARG PROTO=tcp\nEXPOSE 80/$PROTO', { PROTO: 'icmp' }, 'invalid proto: icmp'],
    ['FROM a\nARG A=x B=SIGTERM\nSTOPSIGNAL $B', { B: 'bogus' }, 'invalid signal: bogus'],
    ['FROM a\nARG SIG=SIGTERM\nARG OTHER=$SIG\nSTOPSIGNAL $OTHER', { SIG: 'bogus' }, 'invalid signal: bogus'],
    ['FROM a AS one\nARG SIG=SIGTERM\nFROM one\nSTOPSIGNAL $SIG', { SIG: 'bogus' }, 'invalid signal: bogus'],
    // It wins over a global ARG of the same name too, and over that one's default in the stage.
    ['ARG SIG=SIGTERM\nFROM a\nARG SIG\nSTOPSIGNAL $SIG', { SIG: 'bogus' }, 'invalid signal: bogus'],
    ['ARG SIG=SIGTERM\nFROM a\nARG SIG=SIGINT\nSTOPSIGNAL $SIG', { SIG: 'bogus' }, 'invalid signal: bogus'],
    ['ARG SIG=bogus\nFROM a\nARG SIG=SIGINT\nSTOPSIGNAL $SIG', {}, ''],
    ['ARG SIG=bogus\nFROM a\nARG SIG\nSTOPSIGNAL $SIG', {}, 'invalid signal: bogus'],
    // The right one given in place of a wrong default, and one that no ARG of the stage names.
    ['FROM a\nARG SIG=bogus\nSTOPSIGNAL $SIG', { SIG: 'SIGTERM' }, ''],
    ['FROM a\nARG SIG=SIGTERM\nSTOPSIGNAL $SIG', { OTHER: 'bogus' }, ''],
    ['FROM a\nENV SIG=SIGTERM\nSTOPSIGNAL $SIG', { SIG: 'bogus' }, ''],
  ])('is found with the arguments that are given: %j with %j', (text, args, message) => {
    const refusal = refusalOf(`${text}\n`, { args });
    if (message === '') expect(refusal).toBe('');
    else expect(refusal).toContain(message);
  });

  it("is one with a path off the system's drive, of images for Windows alone", () => {
    expect(refusalOf('FROM --platform=windows/amd64 a\nWORKDIR D:\\\\x\n')).toContain(
      'The specified path is not on the system drive (C:)',
    );
    expect(after('WORKDIR D:\\\\x')).toBe('');
    expect(refusalOf('FROM --platform=windows/amd64 scratch\nWORKDIR D:\\\\x\n')).toBe('');
  });

  it('is one with a time of the build that is taken from nowhere', () => {
    expect(refusalOf('FROM a', { args: { SOURCE_DATE_EPOCH: 'src' } })).toBe('0: invalid SOURCE_DATE_EPOCH: src');
    expect(refusalOf('ARG SOURCE_DATE_EPOCH=src\nFROM scratch AS src\nADD https://x/y /\nFROM a')).toBe('');
    expect(refusalOf('ARG SOURCE_DATE_EPOCH=src\nFROM scratch AS src\nCOPY x /\nFROM a')).toContain(
      'unsupported COPY instruction',
    );
    expect(refusalOf('ARG SOURCE_DATE_EPOCH=1700000000\nFROM a')).toBe('');
  });
});
