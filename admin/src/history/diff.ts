/** Finds what differs between two texts, word by word. */

export interface Piece {
  kind: "same" | "removed" | "added";
  text: string;
}

/** The table of a comparison has this many cells at most. Larger texts are compared line by line, and the largest not at all. */
const CELLS = 1_000_000;

export const diff = (from: string, to: string): Piece[] => {
  for (const split of [words, lines]) {
    const [before, after] = [split(from), split(to)];
    if (before.length * after.length <= CELLS) return compare(before, after);
  }
  return merge([
    { kind: "removed", text: from },
    { kind: "added", text: to },
  ]);
};

const words = (text: string) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
const lines = (text: string) => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

/** The longest common subsequence of two lists of tokens. */
const compare = (before: string[], after: string[]): Piece[] => {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j]!;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pieces: Piece[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      pieces.push({ kind: "same", text: before[i]! });
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || at(i + 1, j) >= at(i, j + 1))) pieces.push({ kind: "removed", text: before[i++]! });
    else pieces.push({ kind: "added", text: after[j++]! });
  }
  return merge(pieces);
};

const merge = (pieces: Piece[]): Piece[] => {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (last?.kind === piece.kind) last.text += piece.text;
    else if (piece.text) merged.push({ ...piece });
  }
  return merged;
};
