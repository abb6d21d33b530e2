/* Pictures that cannot be loaded say so instead of leaving a hole. */
document.querySelectorAll("img.book-cover").forEach((picture) => {
  picture.addEventListener("error", () => picture.replaceWith("cover not found"));
});
