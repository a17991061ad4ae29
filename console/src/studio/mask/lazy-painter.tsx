import { DialogSkeleton } from '../../ui/dialog-skeleton';
import { later } from '../../ui/later';
import type { PainterProps } from './painter';

/** The mask painter, which few visits need: it is fetched when it is opened. */
export const MaskPainter = later<PainterProps>(() => import('./painter'), DialogSkeleton);
