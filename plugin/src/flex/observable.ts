import { useEffect, useReducer } from "react";

/** Something that components look at and that tells them when it has changed. */
export class Observable {
  readonly #watchers = new Set<() => void>();

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  protected changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Renders the component again when the thing changes. */
export function useObservable(thing: Observable): void {
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    renderAgain(); // it may have changed since the component was rendered
    return thing.watch(renderAgain);
  }, [thing]);
}
