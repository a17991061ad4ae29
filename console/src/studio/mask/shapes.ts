/** What was painted, in pixels of the picture, in order: undo takes the last one away. */
export type Shape =
  | { kind: 'stroke'; erase: boolean; size: number; points: Point[] }
  | { kind: 'box'; erase: boolean; points: Point[] }
  | { kind: 'lasso'; erase: boolean; points: Point[] }
  | { kind: 'invert' }
  | { kind: 'clear' };

export interface Point {
  x: number;
  y: number;
}

function path(context: CanvasRenderingContext2D, points: readonly Point[]): void {
  context.beginPath();
  points.forEach(({ x, y }, index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
}

/** Draws one shape onto a mask: white is chosen, transparent is not. */
export function draw(context: CanvasRenderingContext2D, shape: Shape): void {
  const { width, height } = context.canvas;
  context.globalCompositeOperation = 'source-over';
  context.fillStyle = context.strokeStyle = '#fff';
  if (shape.kind === 'clear') {
    context.clearRect(0, 0, width, height);
    return;
  }
  if (shape.kind === 'invert') {
    context.globalCompositeOperation = 'xor';
    context.fillRect(0, 0, width, height);
    return;
  }
  if (shape.erase) context.globalCompositeOperation = 'destination-out';
  const [first, last] = [shape.points[0], shape.points.at(-1)];
  if (!first || !last) return;
  if (shape.kind === 'box') {
    context.fillRect(first.x, first.y, last.x - first.x, last.y - first.y);
  } else if (shape.kind === 'lasso') {
    path(context, shape.points);
    context.closePath();
    context.fill();
  } else {
    context.lineWidth = shape.size;
    context.lineCap = context.lineJoin = 'round';
    // A dot is a line to itself.
    path(context, [...shape.points, last]);
    context.stroke();
  }
}

/** Draws everything anew. */
export function redraw(context: CanvasRenderingContext2D, shapes: readonly Shape[]): void {
  draw(context, { kind: 'clear' });
  for (const shape of shapes) draw(context, shape);
}

/** Returns the mask as PNG, white on black; null when nothing is chosen. */
export function exportMask(mask: HTMLCanvasElement): string | null {
  const canvas = document.createElement('canvas');
  canvas.width = mask.width;
  canvas.height = mask.height;
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.fillStyle = '#000';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(mask, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  // Half-covered pixels at the edges do not count as chosen.
  for (let at = 0; at < data.length; at += 4) {
    if ((data[at] ?? 0) >= 128) return canvas.toDataURL('image/png');
  }
  return null;
}
