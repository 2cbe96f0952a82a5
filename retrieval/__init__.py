"""Floor 4: the vector store, exact search, FAISS, and the filters that no result can escape."""

from .contract import Hits, Retriever
from .exact import ExactRetriever
from .faiss_index import FaissRetriever
from .filters import Filters
from .store import VectorStore

__all__ = ["ExactRetriever", "FaissRetriever", "Filters", "Hits", "Retriever", "VectorStore"]
