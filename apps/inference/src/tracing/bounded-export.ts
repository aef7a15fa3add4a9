import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import {
  BatchSpanProcessor,
  type BatchSpanProcessorOptions,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';

/** The bounds of {@link boundedProcessor}. */
export interface ExportLimits extends Pick<BatchSpanProcessorOptions, 'scheduledDelayMillis' | 'exportTimeoutMillis'> {
  /** Most spans in memory, those that are being sent among them. */
  readonly maxSpans: number;
}

/**
 * Sends spans in batches, as the SDK does, and counts those that are lost: the SDK's own processor drops in silence what it
 * has no room for, and forgets what the collector did not take.
 * @param dropped told the number of spans that were lost.
 */
export function boundedProcessor(
  exporter: SpanExporter,
  { maxSpans, ...options }: ExportLimits,
  dropped: (spans: number) => void,
): SpanProcessor {
  let held = 0;
  const counting: SpanExporter = {
    export: (spans: ReadableSpan[], done: (result: ExportResult) => void) => {
      exporter.export(spans, (result) => {
        held -= spans.length;
        if (result.code !== ExportResultCode.SUCCESS) dropped(spans.length);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
  const maxExportBatchSize = Math.min(512, maxSpans);
  const inner = new BatchSpanProcessor({ ...options, exporter: counting, maxQueueSize: maxSpans, maxExportBatchSize });
  return {
    onStart: () => undefined,
    onEnd: (span) => {
      if (held >= maxSpans) {
        dropped(1);
        return;
      }
      held += 1;
      inner.onEnd(span);
    },
    forceFlush: () => inner.forceFlush(),
    shutdown: () => inner.shutdown(),
  };
}
