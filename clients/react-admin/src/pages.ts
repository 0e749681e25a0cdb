/** Remembers the cursors of visited pages, so that a list can be browsed to any depth by page numbers. */

/** The greatest offset that the API accepts. */
export const MAX_OFFSET = 10_000;

/** What `sessionStorage` offers: with it, a page that is reloaded keeps its cursors. */
export interface CursorStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

interface List {
  /** The cursor that leads to a page, by the number of the page. */
  cursors: Record<number, string>;
  total?: number;
}

const KEY = "atoll.cursors";
/** Lists whose cursors are kept. Each filter and each order is a list of its own. */
const LISTS = 20;

export class Pages {
  private readonly lists: Map<string, List>;

  constructor(private readonly storage?: CursorStorage) {
    this.lists = new Map(read(storage));
  }

  /** Returns the parameter that leads to a page: nothing, a cursor, or an offset. `undefined` means that the page cannot be reached directly. */
  position(list: string, page: number, limit: number): { cursor?: string; offset?: number } | undefined {
    if (page <= 1) return {};
    const cursor = this.lists.get(list)?.cursors[page];
    if (cursor !== undefined) return { cursor };
    const offset = (page - 1) * limit;
    return offset <= MAX_OFFSET ? { offset } : undefined;
  }

  total(list: string): number | undefined {
    return this.lists.get(list)?.total;
  }

  /** Notes what a page said about its neighbours. */
  visited(list: string, page: number, { next, prev, total }: { next: string | null; prev: string | null; total?: number | null }): void {
    const known = this.lists.get(list) ?? { cursors: {} };
    // The list that was used last is the last to be forgotten.
    this.lists.delete(list);
    this.lists.set(list, known);
    if (next !== null) known.cursors[page + 1] = next;
    if (prev !== null && page > 2) known.cursors[page - 1] ??= prev;
    if (typeof total === "number") known.total = total;
    for (const oldest of [...this.lists.keys()].slice(0, -LISTS)) this.lists.delete(oldest);
    try {
      this.storage?.setItem(KEY, JSON.stringify([...this.lists]));
    } catch {
      // A full storage costs only the memory of a reload.
    }
  }
}

const read = (storage: CursorStorage | undefined): [string, List][] => {
  try {
    return JSON.parse(storage?.getItem(KEY) ?? "[]") as [string, List][];
  } catch {
    return [];
  }
};
