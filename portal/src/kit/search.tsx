import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import { linkTo, linkToImage, linkToTags } from './links.ts';
import { destinationOf } from './reference.ts';

/** Finds repositories; a whole reference, as people copy it from elsewhere, leads to its image at once. */
export function Search({ id = 'search' }: { readonly id?: string }): VNode {
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    const found = destinationOf(text);
    if (found.to === 'image') navigate(linkToImage(found.repository, found.reference));
    else if (found.to === 'tags') navigate(linkToTags(found.repository));
    else navigate(linkTo('/repositories', { view: 'list', search: found.search }));
    setText('');
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <label class="unseen" for={id}>
        Search repositories, or paste a reference
      </label>
      <input
        id={id}
        type="search"
        placeholder="Search, or paste a reference"
        title="A repository, or a whole reference such as team/app:1.0 (key: /)"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}
