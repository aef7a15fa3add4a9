import type { AlertCase } from './alert-case.ts';

const drift = (pod: string, statistic: string) =>
  `drift_evidence{pod="${pod}",track="stable",statistic="${statistic}"}`;

/** Histories of what is asked and answered. */
export const answerCases: readonly AlertCase[] = [
  {
    alert: 'PawlInputDrift',
    title: 'two pods have seen other pictures for a quarter of an hour',
    fires: true,
    service: { [drift('0', 'all')]: '3.5x20', [drift('1', 'all')]: '3.5x20' },
    at: '15m',
  },
  {
    alert: 'PawlInputDrift',
    title: 'one of two pods is just above the limit, the other has no evidence',
    fires: false,
    service: { [drift('0', 'all')]: '3.2x20', [drift('1', 'all')]: '0x20' },
    at: '15m',
  },
  {
    alert: 'PawlInputDrift',
    title: 'one statistic alone is above the limit',
    fires: false,
    service: { [drift('0', 'all')]: '2.8x20', [drift('0', 'brightness')]: '4x20' },
    at: '15m',
  },
  {
    alert: 'PawlAccuracyFell',
    title: 'feedback of one of two pods shows a fall',
    fires: true,
    service: {
      'accuracy_change_upper_bound{pod="0"}': '-0.01x30',
      'accuracy_change_upper_bound{pod="1"}': '0.9x30',
    },
    at: '20m',
  },
  {
    alert: 'PawlAccuracyFell',
    title: 'a fall is likely and not shown',
    fires: false,
    service: {
      'accuracy_change_upper_bound{pod="0"}': '0.01x30',
      'accuracy_change_lower_bound{pod="0"}': '-0.2x30',
    },
    at: '20m',
  },
  {
    alert: 'PawlConfidenceFell',
    title: 'the mean confidence is 0.90, and 0.98 were right at the release',
    fires: true,
    service: {
      'prediction_confidence_sum{label="cat"}': '0+9x140',
      'prediction_confidence_count{label="cat"}': '0+10x140',
      'accuracy_at_release{version="1.0.0"}': '0.98x140',
    },
    at: '130m',
  },
  {
    alert: 'PawlConfidenceFell',
    title: 'the mean confidence is 0.95',
    fires: false,
    service: {
      'prediction_confidence_sum{label="cat"}': '0+9.5x140',
      'prediction_confidence_count{label="cat"}': '0+10x140',
      'accuracy_at_release{version="1.0.0"}': '0.98x140',
    },
    at: '130m',
  },
  {
    alert: 'PawlConfidenceFell',
    title: 'few images were asked',
    fires: false,
    service: {
      'prediction_confidence_sum{label="cat"}': '0+1.8x140',
      'prediction_confidence_count{label="cat"}': '0+2x140',
      'accuracy_at_release{version="1.0.0"}': '0.98x140',
    },
    at: '130m',
  },
  {
    alert: 'PawlAbstentionHigh',
    title: 'three images in ten are neither',
    fires: true,
    service: { 'abstained_total{label="cat"}': '0+3x60', 'prediction_label_total{label="cat"}': '0+10x60' },
    at: '45m',
  },
  {
    alert: 'PawlAbstentionHigh',
    title: 'one image in ten is neither',
    fires: false,
    service: { 'abstained_total{label="cat"}': '0+1x60', 'prediction_label_total{label="cat"}': '0+10x60' },
    at: '45m',
  },
  {
    alert: 'PawlImagesRefused',
    title: 'three images in ten are refused',
    fires: true,
    service: {
      'image_refused_total{code="IMAGE_UNREADABLE"}': '0+3x40',
      'prediction_label_total{label="cat"}': '0+7x40',
    },
    at: '40m',
  },
  {
    alert: 'PawlImagesRefused',
    title: 'all images are refused',
    fires: true,
    service: { 'image_refused_total{code="IMAGE_UNREADABLE"}': '0+3x40' },
    at: '40m',
  },
  {
    alert: 'PawlImagesRefused',
    title: 'one image in ten is refused',
    fires: false,
    service: {
      'image_refused_total{code="IMAGE_UNREADABLE"}': '0+3x40',
      'prediction_label_total{label="cat"}': '0+27x40',
    },
    at: '40m',
  },
];
