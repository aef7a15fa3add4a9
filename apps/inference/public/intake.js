import { byId } from './dom.js';

/** The ways a picture gets in: chosen, photographed, dropped anywhere, pasted. Each ends in `onFiles(files)`. */
export function listenForPictures({ onFiles, onNothing }) {
  chooser('choose', 'file', onFiles);
  chooser('shoot', 'camera', onFiles);
  // The empty frame looks like something to press, so it is; the button inside stays the one for the keyboard.
  byId('look').addEventListener('click', (event) => {
    if (byId('look').dataset.state === 'empty' && !event.target.closest('button, input')) byId('file').click();
  });
  dropAnywhere(onFiles, onNothing);
  paste(onFiles, onNothing);
  if (/mac|iphone|ipad/i.test(navigator.platform)) byId('paste-keys').textContent = '⌘V';
}

function chooser(buttonId, inputId, onFiles) {
  const input = byId(inputId);
  byId(buttonId).addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const files = [...input.files];
    // Emptied, so that choosing the same file again is a change again.
    input.value = '';
    if (files.length > 0) onFiles(files);
  });
}

function dropAnywhere(onFiles, onNothing) {
  const veil = byId('drop');
  // Every child that the pointer crosses fires enter and leave; only their balance says whether it left the page.
  let depth = 0;
  const show = (on) => {
    if (!on) depth = 0;
    veil.hidden = !on;
  };
  const dragsOwnPicture = (event) => !event.dataTransfer?.types.includes('Files');

  window.addEventListener('dragenter', (event) => {
    if (dragsOwnPicture(event)) return;
    event.preventDefault();
    depth += 1;
    show(true);
  });
  window.addEventListener('dragleave', () => {
    depth -= 1;
    if (depth <= 0) show(false);
  });
  window.addEventListener('dragover', (event) => {
    // Without this the browser would leave the page and open what is dropped.
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  });
  window.addEventListener('drop', (event) => {
    event.preventDefault();
    show(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) onFiles(files);
    else {
      onNothing({
        title: 'That was a link, not a file.',
        message: 'Only its address was dropped here, and this page loads nothing from other sites.',
        hint: 'Copy the picture itself and paste it, or save it and drop the file.',
      });
    }
  });
}

function paste(onFiles, onNothing) {
  window.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) onFiles(files);
    else {
      onNothing({
        title: 'No picture to paste.',
        message: 'The clipboard holds no picture.',
        hint: 'Copy a picture, or a file, and paste again.',
      });
    }
  });
}
