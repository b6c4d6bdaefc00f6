import { Observable, useObservable } from "./observable";

/** What is going on with which task: known to whoever acts, seen by every component. */
export class Marks extends Observable {
  readonly #marked = new Set<string>();

  has(sid: string): boolean {
    return this.#marked.has(sid);
  }

  set(sid: string, isMarked: boolean): void {
    if (isMarked === this.#marked.has(sid)) return;
    if (isMarked) this.#marked.add(sid);
    else this.#marked.delete(sid);
    this.changed();
  }

  /** Marks it while the work runs. What is marked already is left alone: the same click twice. */
  async during(sid: string, work: () => Promise<void>): Promise<void> {
    if (this.has(sid)) return;
    this.set(sid, true);
    try {
      await work();
    } finally {
      this.set(sid, false);
    }
  }
}

export function useMark(marks: Marks, sid: string): boolean {
  useObservable(marks);
  return marks.has(sid);
}
