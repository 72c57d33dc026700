import type { Json } from '../json.ts';
import type { Selected, Selection } from './ast.ts';
import { evaluate, objectOf } from './evaluate.ts';

/** True when the result is the item itself, whose stored text can be answered as it is. */
export function selectsItem(selection: Selection): boolean {
  if (selection.kind === 'all') return true;
  return selection.kind === 'value' && selection.selected.kind === 'path' && selection.selected.path.length === 0;
}

/** Aggregates are computed over all items elsewhere; here they have no value. */
const valueOf = (selected: Selected, item: Json): Json | undefined =>
  selected.kind === 'aggregate' ? undefined : evaluate(selected, item);

/** The result for one item; undefined for a VALUE that has none. */
export function project(selection: Selection, item: Json): Json | undefined {
  switch (selection.kind) {
    case 'all':
      return item;
    case 'value':
      return valueOf(selection.selected, item);
    case 'list':
      return objectOf(selection.members.map(({ name, selected }) => [name, valueOf(selected, item)]));
  }
}
