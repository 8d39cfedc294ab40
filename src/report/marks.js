// Which characters of two texts differ.

// Longer texts than this are compared at their beginnings and ends alone.
const MOST = 400;

// Fewer equal characters than this, between others that differ, are chance.
const CHANCE = 3;

// What both have in common at either end, and what lies between.
const ends = (a, b) => {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return [head, tail];
};

// For each character of `a` and of `b` whether it differs: what is not in a longest common subsequence.
const between = (a, b) => {
  if (a.length * b.length > MOST * MOST) return [a.map(() => true), b.map(() => true)];
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j]
        ? common[(i + 1) * width + j + 1] + 1
        : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const [ofA, ofB] = [a.map(() => true), b.map(() => true)];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      ofA[i] = false;
      ofB[j] = false;
      i += 1;
      j += 1;
    } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return [ofA, ofB];
};

// Marks what is equal by chance too: a text that is marked here and there is read by nobody.
const joined = (marks) => {
  let from = marks.indexOf(true);
  while (from >= 0) {
    const next = marks.indexOf(true, from + 1);
    if (next >= 0 && next - from <= CHANCE) marks.fill(true, from, next);
    from = next;
  }
  return marks;
};

// For each character of both texts whether it differs.
const differing = (left, right) => {
  const [a, b] = [[...left], [...right]];
  const [head, tail] = ends(a, b);
  const [midA, midB] = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const whole = (all, mid) => joined(all.map((_, at) => at >= head && at < all.length - tail && mid[at - head]));
  return [whole(a, midA), whole(b, midB)];
};

// Puts a text into a cell, with the characters that differ marked.
const putMarked = (cell, text, marks) => {
  const letters = [...text];
  let at = 0;
  while (at < letters.length) {
    let end = at;
    while (end < letters.length && marks[end] === marks[at]) end += 1;
    const piece = letters.slice(at, end).join("");
    if (marks[at]) {
      const mark = document.createElement("mark");
      mark.textContent = piece;
      cell.append(mark);
    } else cell.append(piece);
    at = end;
  }
};
