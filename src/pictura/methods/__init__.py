"""One paper, one file: networks it needs, losses in the paper's letters, how it is applied, its settings and ours."""
