"""Any causal language model of Hugging Face as a LangChain chat model, on this machine."""
