(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const looks = read("looks");
  const specifications = read("specifications");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // The interpreter instead of compiled expressions: the page's policy forbids making code of text.
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    ast: true,
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
  };
  const draw = async (name) => {
    const figure = document.getElementById(`figure-${name}`);
    const config = dark.matches ? looks.dark : looks.light;
    try {
      await vegaEmbed(figure.querySelector(".live"), specifications[name], {
        ...options, config, downloadFileName: name,
      });
      figure.classList.add("drawn");
    } catch (error) {
      // The still picture is there, and stays.
      console.error(name, error);
    }
  };
  const drawAll = () => Object.keys(specifications).forEach(draw);
  dark.addEventListener("change", drawAll);
  drawAll();
})();
