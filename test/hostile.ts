/** Strings that would run, hide, turn around or break out if anything took them for more than text. */
export const hostileTexts = {
  script: '<script>globalThis.struck = 1</script>',
  image: '<img src=x onerror="globalThis.struck = 2">',
  vector: '<svg onload="globalThis.struck = 3"><iframe srcdoc="<script>parent.struck = 4</script>"></iframe></svg>',
  link: 'javascript:globalThis.struck=5',
  data: 'data:text/html,<script>opener.struck=6</script>',
  entity: '&lt;script&gt;&#60;script&#62;&quot;&apos;&amp;lt;',
  template: '{{constructor.constructor("globalThis.struck=7")()}}${globalThis.struck=8}`</textarea></title>"\'><b>',
  prototype: '__proto__',
  constructor: 'constructor',
  turned: 'safe\u202egnp.exe\u202c \u202alre\u202brle\u202dlro \u2066lri\u2067rli\u2068fsi\u2069',
  unseen: 'pay\u200bpal\u200c\u200d\u2060\ufeff\u00ad\u034f\u3164\u{e0041}\u{e0100}\u180e\u{1d173}\u{1bca0}',
  controls:
    'a\u0000b\u0001\u0007\b\u007f\u0085\u009b2J\u001b[2J\u001b]8;;http://evil.example\u001b\\x\u001b]0;owned\u0007',
  lines: 'good\rbad\nnext\u2028line\u2029paragraph\ttab',
  homoglyph: 'https://ехample.com@evil.example/аzure',
  half: 'lone \ud800 and \udfff',
} as const;

/** All of them in one string. */
export const hostileText = Object.values(hostileTexts).join(' ');

/** As long as a field of a config may be at all. */
export const longText = 'long '.repeat(20_000);
