/** byProcessor has a canvas drawn by the processor. Ten thousand lines given to a
 * graphics card that is none, as in a virtual machine or a browser on a server, hold
 * the page up for seconds, and to a real one they are no burden either way. */
export const byProcessor: CanvasRenderingContext2DSettings = { willReadFrequently: true }
