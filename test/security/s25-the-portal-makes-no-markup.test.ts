import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
const sources = globSync(join(root, 'portal/src/**/*.{ts,tsx}')).map((path) => relative(root, path));

/** Names that make markup or code of a text, or lead a window elsewhere. The tree has them however they are written. */
const forbiddenNames = new Set(
  `dangerouslySetInnerHTML innerHTML outerHTML insertAdjacentHTML createContextualFragment DOMParser parseFromString
   setHTMLUnsafe parseHTMLUnsafe setHTML srcdoc srcDoc writeln eval Function execCommand trustedTypes createPolicy
   setAttribute setAttributeNS createElementNS importScripts postMessage formAction`.split(/\s+/),
);
const forbiddenElements = new Set(
  'script style iframe frame object embed link base meta img image video audio source use foreignObject animate set'.split(
    ' ',
  ),
);
/** Attributes that load or run something when a text gets into them. */
const forbiddenAttributes = new Set(['style', 'src', 'srcset', 'action', 'formaction', 'ping', 'target', 'xlink:href']);

/** The portal does these on purpose: each has its reason. */
const meant: Readonly<Record<string, readonly string[]>> = {
  // The one link to pages: what stands before makes a path of the portal of any address.
  'portal/src/kit/link.tsx': ['href: base + href', 'spread: more', 'call: navigate(pathname + search + hash)'],
  // The properties are of these files' own making.
  'portal/src/kit/fields.tsx': ['spread: usual'],
  'portal/src/kit/sign-in.tsx': ['spread: usual'],
  // A file that the page has made is given to the browser to save.
  'portal/src/kit/save-file.ts': ['href: url', "call: document.createElement('a')"],
  // A setting is found by the name of its kind.
  'portal/src/pages/settings.tsx': ['property: `${whose} ${kind}`'],
};

function faultsIn(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const fault = faultOf(node);
    if (fault !== undefined && meant[path]?.includes(fault) !== true) faults.push(fault);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

function faultOf(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) || ts.isStringLiteralLike(node))
    return forbiddenNames.has(node.text) ? `name: ${node.text}` : undefined;
  // An object that is written out has the names that are written.
  if (ts.isJsxSpreadAttribute(node))
    return /^\((?:\w+ === undefined \? \{\} : )?\{ [\w, ]* \}\)$/.test(node.expression.getText())
      ? undefined
      : `spread: ${node.expression.getText()}`;
  if (ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node)) {
    const name = node.tagName.getText();
    return forbiddenElements.has(name) ? `element: ${name}` : undefined;
  }
  if (ts.isJsxAttribute(node)) return faultOfAttribute(node);
  if (ts.isCallExpression(node)) return faultOfCall(node);
  // A name that is put together would be found nowhere.
  if (ts.isElementAccessExpression(node) && isMade(node.argumentExpression))
    return /["'`]/.test(node.argumentExpression.getText())
      ? `property: ${node.argumentExpression.getText()}`
      : undefined;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken)
    return faultOfAssignment(node.left.getText(), node.right.getText());
  if (ts.isImportDeclaration(node) && node.getText().includes('wouter-preact') && /\bLink\b/.test(node.getText()))
    return 'import: Link of another';
  return undefined;
}

function faultOfAssignment(to: string, value: string): string | undefined {
  if (to.endsWith('.href')) return `href: ${value}`;
  return /(?:^|\.)(?:location|src|cookie|on[a-z]+)$/.test(to) ? `assignment: ${to}` : undefined;
}

function faultOfAttribute(node: ts.JsxAttribute): string | undefined {
  const name = node.name.getText();
  const value = node.initializer;
  if (forbiddenAttributes.has(name.toLowerCase())) return `attribute: ${name}`;
  if (/^on/i.test(name) && value !== undefined && ts.isStringLiteral(value)) return `attribute: ${name} of text`;
  if (name !== 'href' || value === undefined) return undefined;
  const given = ts.isJsxExpression(value) ? value.expression : value;
  const element = node.parent.parent.tagName.getText();
  return given !== undefined && isOwnAddress(given, element === 'Link') ? undefined : `href: ${given?.getText() ?? ''}`;
}

/** An address is written out, made by `linkTo`, or has in its query only what was encoded. */
function isOwnAddress(node: ts.Expression, isLink: boolean): boolean {
  if (ts.isStringLiteralLike(node)) return isLink ? /^\/(?![/\\])/.test(node.text) : /^#\w/.test(node.text);
  if (ts.isConditionalExpression(node))
    return isOwnAddress(node.whenTrue, isLink) && isOwnAddress(node.whenFalse, isLink);
  if (ts.isCallExpression(node)) return isLink && /^linkTo(?:[A-Z]\w*)?$/.test(node.expression.getText());
  // `Link` makes a path of the portal of every value; its query is made where the value is.
  if (ts.isIdentifier(node)) return isLink;
  if (!ts.isTemplateExpression(node) || !/^\/ui\/[a-z]/.test(node.head.text)) return false;
  return node.templateSpans.every(({ expression }) => /^(?:encodeURIComponent\(|back$)/.test(expression.getText()));
}

function faultOfCall(node: ts.CallExpression): string | undefined {
  const called = node.expression.getText();
  const [first] = node.arguments;
  if (node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return first !== undefined && ts.isStringLiteral(first) ? undefined : `import: ${first?.getText() ?? ''}`;
  if (/(?:^|\.)set(?:Timeout|Interval)$/.test(called)) return isMade(first) ? `code: ${first.getText()}` : undefined;
  if (
    /^(?:window|globalThis|self|top|parent|document)\.(?:open|write|createElement)$/.test(called) ||
    (called === 'open' && isMade(first))
  )
    return `call: ${node.getText()}`;
  if (/(?:^|\.)location\.(?:assign|replace)$/.test(called)) return `call: ${node.getText()}`;
  if (called === 'navigate')
    return isMade(first) && !ts.isStringLiteralLike(first) ? `call: ${node.getText()}` : undefined;
  return undefined;
}

/** Says whether a value is a text that is written or put together here. */
function isMade(node: ts.Expression | undefined): node is ts.Expression {
  return (
    node !== undefined && (ts.isTemplateExpression(node) || ts.isBinaryExpression(node) || ts.isStringLiteralLike(node))
  );
}

describe('the sources of the portal', () => {
  it('are read', () => {
    expect(sources.length).toBeGreaterThan(50);
  });

  it.each(sources)('make no markup, no code and no address of a text: %s', (path) => {
    expect(faultsIn(path, readFileSync(join(root, path), 'utf8'))).toEqual([]);
  });
});

describe('the check', () => {
  it.each([
    '<p dangerouslySetInnerHTML={{ __html: label }} />',
    '<p {...{ ["dangerouslySetInnerHTML"]: x }} />',
    'element["inner" + "HTML"] = x; element["innerHTML"] = x;',
    'element\n  .\n  innerHTML = text;',
    'const { innerHTML: markup } = element;',
    'place.insertAdjacentHTML("beforeend", x);',
    'document.write(x);',
    'eval(x);',
    'new Function(x)();',
    'const make = Function; make(x);',
    'setTimeout(`act(${x})`, 1);',
    'window.setTimeout("act()", 1);',
    'import(page);',
    'location.href = x;',
    'window.location = x;',
    'location.assign(x);',
    'window.open(x);',
    '<a href={url}>x</a>',
    '<a href={`${url}/x`}>x</a>',
    '<a href={`/ui/x?q=${text}`}>x</a>',
    '<a href="https://elsewhere.example">x</a>',
    '<a href="javascript:act()">x</a>',
    '<Link href={`/tags?repository=${name}`}>x</Link>',
    '<Link href={isNew ? linkTo("/a") : `/b?c=${d}`}>x</Link>',
    '<Link href={first + second}>x</Link>',
    '<Link href="//elsewhere.example">x</Link>',
    'navigate(`/tags?repository=${name}`);',
    '<iframe srcdoc={x} />',
    '<img src={x} />',
    '<svg><use href={x} /></svg>',
    '<p style={x} />',
    '<p onClick="act()" />',
    '<form action={x} />',
    'new DOMParser().parseFromString(x, "text/html");',
    'element.setAttribute(name, x);',
    'document.createElement(name);',
    "import { Link } from 'wouter-preact';",
  ])('finds %s', (text) => {
    expect(faultsIn('portal/src/pages/sample.tsx', text)).not.toEqual([]);
  });

  it.each([
    '<Link href={linkToTags(name)}>x</Link>',
    '<Link href={isNew ? linkTo("/a", { b }) : "/c"}>x</Link>',
    '<a href="#main">x</a>',
    '<a href={`/ui/session/oidc/${encodeURIComponent(name)}?returnTo=${back}`}>x</a>',
    'setTimeout(() => act(), 1);',
    "import('./page.tsx');",
    'navigate(linkTo("/a", { b }));',
    '<Text of={label} />',
  ])('finds nothing wrong in %s', (text) => {
    expect(faultsIn('portal/src/pages/sample.tsx', text)).toEqual([]);
  });
});
