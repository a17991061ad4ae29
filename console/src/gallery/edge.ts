/**
 * Returns the first place at which a list, newest first, holds a moment before `moment`.
 * The wire has no filter by time, but its order is by time: some twenty reads find the edge
 * among a million tasks.
 */
export async function edge(
  total: number,
  moment: number,
  timeAt: (place: number) => Promise<number>,
): Promise<number> {
  let [low, high] = [0, total];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((await timeAt(middle)) < moment) high = middle;
    else low = middle + 1;
  }
  return low;
}
