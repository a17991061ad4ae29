import { here, pictures, type Task } from '../api/midjourney';
import { zip } from './zip';

/** Hands a file to the browser's downloads. */
export function saveAs(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Returns the links of everything that a task made. */
export function files(task: Task): string[] {
  return task.videoUrls.length ? task.videoUrls.map((one) => here(one.url)) : pictures(task);
}

/** Returns a name for a file of a task. */
export function fileName(task: Task, link: string, index: number): string {
  const extension = /\.(\w+)\?/.exec(link)?.[1] ?? 'png';
  return `gesso-${task.id}-${index + 1}.${extension}`;
}

async function load(link: string): Promise<Blob> {
  const response = await fetch(link);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.blob();
}

/** Downloads one file of a task. */
export async function saveOne(task: Task, index: number): Promise<void> {
  const link = files(task)[index];
  if (link) saveAs(await load(link), fileName(task, link, index));
}

/** Downloads everything that a task made, as one zip. */
export async function saveAll(task: Task): Promise<void> {
  const entries = await Promise.all(
    files(task).map(async (link, index) => ({
      name: fileName(task, link, index),
      bytes: new Uint8Array(await (await load(link)).arrayBuffer()),
    })),
  );
  saveAs(zip(entries), `gesso-${task.id}.zip`);
}
