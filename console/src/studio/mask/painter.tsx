import { useCallback, useRef, useState, type ReactNode } from 'react';
import { useLanguage } from '../../i18n/language';
import { Button, IconButton } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import type { IconName } from '../../ui/icon';
import { useKeys } from '../../ui/focus';
import './mask.css';
import { exportMask } from './shapes';
import { Stage, type Tool } from './stage';
import { useHistory } from './history';

const TOOLS: readonly (readonly [Tool, IconName])[] = [
  ['brush', 'brush'],
  ['eraser', 'eraser'],
  ['box', 'box'],
  ['lasso', 'lasso'],
  ['hand', 'hand'],
];

export interface PainterProps {
  picture: string;
  label: string;
  onMask: (mask: string) => unknown;
  onClose: () => void;
  extra?: ReactNode;
}

/** Paints a mask over a picture: by mouse, pen or touch. */
export default function MaskPainter({ picture, label, onMask, onClose, extra }: PainterProps) {
  const { t } = useLanguage();
  const [tool, setTool] = useState<Tool>('brush');
  const [size, setSize] = useState(80);
  const [zoom, setZoom] = useState(1);
  const history = useHistory();
  const mask = useRef<HTMLCanvasElement>(null);
  const { undo, redo } = history;
  useKeys(
    useCallback(
      (event: KeyboardEvent) => {
        if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
        if (event.target instanceof HTMLInputElement && event.target.type !== 'range') return;
        event.preventDefault();
        (event.shiftKey ? redo : undo)();
      },
      [undo, redo],
    ),
  );
  const send = () => {
    const painted = mask.current && exportMask(mask.current);
    if (!painted) throw new Error(t('mask.empty'));
    return onMask(painted);
  };
  return (
    <Dialog
      title={t('mask.title')}
      kind="full"
      onClose={onClose}
      footer={
        <>
          {extra}
          <Button kind="primary" onPress={async () => await send()}>
            {label}
          </Button>
        </>
      }
    >
      <div className="mask-tools" role="toolbar" aria-label={t('mask.title')}>
        {TOOLS.map(([name, icon]) => (
          <IconButton
            key={name}
            label={t(`mask.${name}`)}
            icon={icon}
            aria-pressed={tool === name}
            onPress={() => setTool(name)}
          />
        ))}
        <input
          type="range"
          aria-label={t('mask.size')}
          min="8"
          max="400"
          value={size}
          onChange={(event) => setSize(Number(event.target.value))}
        />
        <IconButton label={t('mask.undo')} icon="undo" disabled={!history.canUndo} onPress={undo} />
        <IconButton label={t('mask.redo')} icon="redo" disabled={!history.canRedo} onPress={redo} />
        <IconButton
          label={t('mask.invert')}
          icon="invert"
          onPress={() => history.add({ kind: 'invert' })}
        />
        <Button kind="ghost" onPress={() => history.add({ kind: 'clear' })}>
          {t('mask.clear')}
        </Button>
        <span className="mask-zoom">
          <Button
            kind="ghost"
            aria-label={t('mask.zoomOut')}
            onPress={() => setZoom((z) => Math.max(1, z / 1.5))}
          >
            −
          </Button>
          <Button
            kind="ghost"
            aria-label={`${Math.round(zoom * 100)} % · ${t('mask.fit')}`}
            onPress={() => setZoom(1)}
          >
            {Math.round(zoom * 100)} %
          </Button>
          <Button
            kind="ghost"
            aria-label={t('mask.zoomIn')}
            onPress={() => setZoom((z) => Math.min(8, z * 1.5))}
          >
            +
          </Button>
        </span>
      </div>
      <Stage
        picture={picture}
        mask={mask}
        shapes={history.shapes}
        tool={tool}
        size={size}
        zoom={zoom}
        onZoom={setZoom}
        onShape={history.add}
      />
    </Dialog>
  );
}
