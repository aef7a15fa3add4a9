/** Longest side after scaling down: far above what a classifier looks at, far below any upload limit. */
const LONGEST_SIDE = 1600;

/** A smaller JPEG of the picture, or undefined when this browser can't decode it. */
export async function scaledDown(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    return undefined;
  }
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * factor));
  canvas.height = Math.max(1, Math.round(bitmap.height * factor));
  const context = canvas.getContext('2d');
  // JPEG has no transparency; without this, clear areas would turn black and mislead the model.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => {
    canvas.toBlob((scaled) => resolve(scaled ?? undefined), 'image/jpeg', 0.9);
  });
}
