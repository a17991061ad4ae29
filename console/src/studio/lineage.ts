import type { Task } from '../api/midjourney';

/** Returns the parent's picture that a task was made from: a tile of a grid, or the only one. */
export function parentPicture(task: Task, parent: Task): string | undefined {
  const tile = /::(?:upsample|variation)::(\d)::/.exec(task.customId ?? '')?.[1];
  const index = tile && parent.imageUrls.length > 1 ? Number(tile) - 1 : 0;
  return parent.imageUrls[index]?.url ?? parent.imageUrl ?? undefined;
}
