import { useEffect, useRef, useState, type PointerEvent, type RefObject } from 'react';
import { useLanguage } from '../../i18n/language';
import { draw, redraw, type Point, type Shape } from './shapes';

export type Tool = 'brush' | 'eraser' | 'box' | 'lasso' | 'hand';

interface Props {
  picture: string;
  mask: RefObject<HTMLCanvasElement | null>;
  shapes: readonly Shape[];
  tool: Tool;
  size: number;
  zoom: number;
  onZoom: (zoom: number) => void;
  onShape: (shape: Shape) => void;
}

function begin(tool: Tool, size: number, point: Point): Shape {
  const points = [point];
  if (tool === 'box') return { kind: 'box', erase: false, points };
  if (tool === 'lasso') return { kind: 'lasso', erase: false, points };
  return { kind: 'stroke', erase: tool === 'eraser', size, points };
}

/** The picture under its mask. One finger paints, two move and zoom; so does the wheel. */
export function Stage({ picture, mask, shapes, tool, size, zoom, onZoom, onShape }: Props) {
  const { t } = useLanguage();
  const frame = useRef<HTMLDivElement>(null);
  const [natural, setNatural] = useState<{ width: number; height: number } | null>(null);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const painting = useRef<Shape | null>(null);
  const fingers = useRef(new Map<number, Point>());

  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setRoom({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const context = mask.current?.getContext('2d', { willReadFrequently: true });
    if (context) redraw(context, shapes);
  }, [mask, shapes, natural]);

  const fit = natural
    ? Math.min(room.width / natural.width, room.height / natural.height, 2) * zoom
    : 0;

  const place = (event: PointerEvent): Point => {
    const canvas = mask.current;
    if (!canvas) return { x: 0, y: 0 };
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * canvas.width,
      y: ((event.clientY - box.top) / box.height) * canvas.height,
    };
  };

  const preview = () => {
    const context = mask.current?.getContext('2d', { willReadFrequently: true });
    if (!context || !painting.current) return;
    // A stroke only grows; boxes and lassos change their whole shape.
    if (painting.current.kind !== 'stroke') redraw(context, shapes);
    draw(context, painting.current);
  };

  const down = (event: PointerEvent) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.current.size > 1 || tool === 'hand' || event.button === 1) {
      painting.current = null;
      return;
    }
    painting.current = begin(tool, size, place(event));
    preview();
  };

  const move = (event: PointerEvent) => {
    const before = fingers.current.get(event.pointerId);
    if (!before) return;
    if (painting.current && 'points' in painting.current) {
      painting.current.points.push(place(event));
      preview();
      return;
    }
    const others = [...fingers.current].filter(([id]) => id !== event.pointerId);
    const other = others[0]?.[1];
    if (other) {
      const apart = (p: Point) => Math.hypot(p.x - other.x, p.y - other.y);
      const ratio = apart({ x: event.clientX, y: event.clientY }) / Math.max(1, apart(before));
      onZoom(Math.min(8, Math.max(1, zoom * ratio)));
    }
    frame.current?.scrollBy(before.x - event.clientX, before.y - event.clientY);
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };

  const up = (event: PointerEvent) => {
    fingers.current.delete(event.pointerId);
    const shape = painting.current;
    painting.current = null;
    if (shape) onShape(shape);
  };

  return (
    <div
      ref={frame}
      className={`mask-stage ${tool}`}
      onWheel={(event) => {
        if (event.ctrlKey || !event.shiftKey) {
          onZoom(Math.min(8, Math.max(1, zoom * (event.deltaY < 0 ? 1.1 : 1 / 1.1))));
        }
      }}
    >
      <div
        className="mask-layers"
        style={natural ? { width: natural.width * fit, height: natural.height * fit } : {}}
      >
        <img
          src={picture}
          alt={t('mask.picture')}
          draggable={false}
          onLoad={(event) => {
            const { naturalWidth: width, naturalHeight: height } = event.currentTarget;
            setNatural({ width, height });
          }}
        />
        {natural && (
          <canvas
            ref={mask}
            width={natural.width}
            height={natural.height}
            onPointerDown={down}
            onPointerMove={move}
            onPointerUp={up}
            onPointerCancel={up}
          />
        )}
      </div>
    </div>
  );
}
