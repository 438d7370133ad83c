// Two images in the squares of a checkerboard: an edge that breaks at a square's side is a registration to doubt.

// Fills `target` (an image on the same grid) with 0 to 1 of both, each in its own window.
export function fillBoard(target, first, second, side_mm) {
  const [, nx, ny, nz] = target.dimsRAS;
  const [dx, dy] = target.pixDimsRAS.slice(1, 3);
  const share = ({ volume, low, high }, place) => Math.min(1, Math.max(0, (volume.img[place] - low) / (high - low)));
  for (let z = 0, place = 0; z < nz; z += 1)
    for (let y = 0; y < ny; y += 1) {
      const row = Math.floor((y * dy) / side_mm);
      for (let x = 0; x < nx; x += 1, place += 1)
        target.img[place] = share((Math.floor((x * dx) / side_mm) + row) % 2 ? second : first, place);
    }
}
